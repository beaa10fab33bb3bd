//! What to do instead where SOURCE cannot be moved as it was named.

use super::Request;
use super::target::Target;
use crate::core::relocation::tree::Node;
use crate::error::{Error, MigrateError};
use crate::shown::quoted;
use crate::sys::facts::facts_of;
use crate::sys::relocate::source::Site;

/// Makes sure that a cache which is to become the private directory around it can be that: what others
/// can write to is moved from beside it, as any source is.
///
/// # Errors
/// [`MigrateError::Source`] with what does that.
pub(super) fn assert_closed(site: &Site, target: &Target<'_>) -> Result<(), Error> {
    let top = site.tree()?.and_then(|tree| facts_of(&tree.top).ok());
    let Some(Node { mode, .. }) = top.filter(|top| top.mode & 0o022 != 0) else { return Ok(()) };
    let to = target.to().map_or(String::new(), |to| format!(" --to {to}"));
    let path = quoted(&site.path);
    let help = format!(
        "rename it and move it from there: mv {path} {path}.old && cargo-peruser migrate \
         {path}.old{to}"
    );
    let why = format!("others can write to it (mode {mode:04o}), so it is not made private");
    Err(MigrateError::Source { path: site.path.clone(), why, help: Some(help) }.into())
}

/// The error for a source that is gone, with what may be left to do where its cache is in its place.
pub(super) fn gone(site: &Site, target: &Target<'_>, request: &Request, error: Error) -> Error {
    if !target.is_occupied() || !matches!(site.tree(), Ok(None)) {
        return error;
    }
    let checkout =
        request.checkout.as_ref().map_or_else(|| "CHECKOUT".into(), |_| quoted(&target.checkout));
    let who = if target.is_anothers { format!(", as {}", target.owner) } else { String::new() };
    let help = format!(
        "if it has been moved already{who}: cargo-peruser migrate {} --checkout {checkout}",
        quoted(&target.path())
    );
    let why = "nothing is there".into();
    MigrateError::Source { path: site.path.clone(), why, help: Some(help) }.into()
}
