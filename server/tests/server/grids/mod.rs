//! Grids split and merge: what moves and what follows, who sees what of it then, and that nothing
//! is lost of those who had not heard.

mod desk;
mod handed_over;
mod late;
mod moves;
pub(crate) mod town;
