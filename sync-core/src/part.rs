//! A part is the unit of what a device may see: one grid or the community, in one
//! sensitivity class. Cursors, documents and digests are per part.

use std::fmt;
use std::str::FromStr;

use crate::ids::{GridId, IdError, text_serde};
use crate::kinds::Class;

/// Where an entry belongs: `grid` (or the whole community) and sensitivity class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// `None`: the whole community.
    pub grid: Option<GridId>,
    /// The class of every field in it.
    pub class: Class,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            Class::Open => "open",
            Class::Care => "care",
            Class::Sealed => "sealed",
        };
        match self.grid {
            Some(grid) => write!(f, "{grid}/{class}"),
            None => write!(f, "community/{class}"),
        }
    }
}

/// A text that names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// None of `…/open`, `…/care`, `…/sealed`.
    #[error("a part ends in /open, /care or /sealed")]
    Class,
    /// The grid id is not one.
    #[error(transparent)]
    Grid(#[from] IdError),
}

impl FromStr for Part {
    type Err = PartError;
    fn from_str(text: &str) -> Result<Part, PartError> {
        let (place, class) = text.split_once('/').ok_or(PartError::Class)?;
        let class = match class {
            "open" => Class::Open,
            "care" => Class::Care,
            "sealed" => Class::Sealed,
            _ => return Err(PartError::Class),
        };
        let grid = if place == "community" {
            None
        } else {
            Some(place.parse()?)
        };
        Ok(Part { grid, class })
    }
}

text_serde!(Part);
