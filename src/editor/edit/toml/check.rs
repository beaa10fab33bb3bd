//! Pure: the last look at a change: a file that is written in a way we do not handle is refused,
//! not damaged.

use toml_edit::Item;

use super::parse;
use crate::editor::edit::Aim;
use crate::editor::edit::obstacle::{Obstacle, ObstacleKind};

/// Everything but our variables must say what it said.
///
/// # Errors
/// [`ObstacleKind::Unsupported`] where it does not, or does not parse any more.
pub(super) fn only_ours_changes(
    before: &str,
    after: &str,
    keys: &[&str],
    aim: &Aim,
) -> Result<(), Obstacle> {
    let unsupported = |cause: String| Obstacle { line: 1, kind: ObstacleKind::Unsupported(cause) };
    let is_ours = |path: &[String]| {
        path.split_last().is_some_and(|(name, way)| {
            way == keys && aim.variables.iter().any(|it| it.name == name)
        })
    };
    let others = |text: &str| {
        let mut facts = Vec::new();
        collect(parse(text)?.as_item(), &mut Vec::new(), &mut facts);
        facts.retain(|(path, _)| !is_ours(path));
        facts.sort();
        Ok::<_, Obstacle>(facts)
    };
    match others(after) {
        Ok(found) if found == others(before)? => Ok(()),
        Ok(_) => Err(unsupported("other settings would change with it".into())),
        Err(obstacle) => match obstacle.kind {
            ObstacleKind::Syntax(cause) => Err(unsupported(cause)),
            _ => Err(obstacle),
        },
    }
}

/// Every value with the way to it.
fn collect(item: &Item, way: &mut Vec<String>, facts: &mut Vec<(Vec<String>, String)>) {
    if let Some(table) = item.as_table_like() {
        for (key, item) in table.iter() {
            way.push(key.to_owned());
            collect(item, way, facts);
            way.pop();
        }
    } else if let Some(tables) = item.as_array_of_tables() {
        for (number, table) in tables.iter().enumerate() {
            way.push(number.to_string());
            collect(&Item::Table(table.clone()), way, facts);
            way.pop();
        }
    } else {
        facts.push((way.clone(), item.to_string().trim().to_owned()));
    }
}
