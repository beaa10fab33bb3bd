//! Pure: what is done with each variable, whatever a settings file is written in.

use super::{Aim, Before, Edit, Found, Standing, Variable};
use crate::editor::edit::obstacle::{Obstacle, ObstacleKind};

/// The table of variables in a text, as one format has it.
pub(super) trait Table {
    /// Looks a variable up.
    fn find(&self, text: &str, name: &str) -> Result<Option<Found>, Obstacle>;

    /// Sets a variable that is not there yet, with as much of the way to it as is missing.
    fn put(&self, text: &str, name: &str, value: &str) -> Result<String, Obstacle>;

    /// A string as the format writes it.
    fn string(text: &str) -> String;

    /// Takes a variable away, and each table around it that holds nothing else.
    fn take(&self, text: &str, found: &Found, name: &str) -> Result<String, Obstacle>;
}

/// Changes a text so that its table says what it is to say.
pub(super) fn edit<T: Table>(table: &T, text: &str, aim: &Aim) -> Result<Edit, Obstacle> {
    let begin = Edit { text: text.to_owned(), before: Before::Nothing };
    aim.variables.iter().try_fold(begin, |edit, variable| one(table, edit, variable, aim))
}

/// Another value in the same place.
fn replaced(text: &str, found: &Found, value: &str) -> String {
    let (start, end) = found.range;
    let [before, after] = [text.get(..start), text.get(end..)].map(Option::unwrap_or_default);
    format!("{before}{value}{after}")
}

fn one<T: Table>(table: &T, edit: Edit, variable: &Variable, aim: &Aim) -> Result<Edit, Obstacle> {
    let Edit { text, before } = edit;
    let name = variable.name;
    let wanted = variable.value.as_deref();
    let Some(found) = table.find(&text, name)? else {
        let text = match wanted {
            Some(value) => table.put(&text, name, value)?,
            None => text,
        };
        return Ok(Edit { text, before });
    };
    let text = match (aim.standing(variable, found.says.as_deref()), wanted) {
        (Standing::Same, _) => return Ok(Edit { text, before: before.and(Before::Same) }),
        (Standing::Choice, None) => return Ok(Edit { text, before }),
        (Standing::Choice, Some(_)) => {
            let kind = ObstacleKind::Choice { name: name.to_owned(), value: found.source };
            return Err(Obstacle { line: found.line, kind });
        }
        (Standing::Outdated, Some(value)) => replaced(&text, &found, &T::string(value)),
        (Standing::Outdated, None) => table.take(&text, &found, name)?,
    };
    Ok(Edit { text, before: Before::Outdated })
}
