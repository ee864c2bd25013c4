//! Erasure of a person or a household, as the command line and the desk ask for it.

use chrono::NaiveDate;
use menpai_sync_core::ids::EntityId;

use super::Office;
use crate::home::Home;
use crate::store::community::erased;
use crate::sync::erase::{EraseError, Erased, Erasure, Target};

/// Erases; `expected` is the type that whoever asks takes it for.
///
/// # Errors
/// [`EraseError`]; then nothing is erased.
pub fn erase(
    home: &Home,
    office: &Office,
    entity: EntityId,
    expected: Option<&str>,
    basis: &str,
    requested_on: Option<NaiveDate>,
) -> Result<Erased, EraseError> {
    if let Some(expected) = expected {
        let all = office.community.query(erased::entities)?;
        let known = all.iter().find(|known| known.id == entity);
        let known = known.ok_or(EraseError::Unknown(entity))?;
        if known.entity_type != expected {
            return Err(EraseError::OtherType(entity, known.entity_type.clone()));
        }
    }
    let erasure = Erasure {
        target: Target::Entity(entity),
        basis: basis.to_owned(),
        requested_on: requested_on.map(|day| day.to_string()),
    };
    office.community.erase(&office.scribe(), erasure, &home.erasures)
}
