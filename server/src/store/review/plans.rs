//! Care plans as the registry has them, with who is responsible.

use menpai_sync_core::folds::care_clock::CarePlan;
use menpai_sync_core::ids::{EntityId, GridId, WorkerId};
use menpai_sync_core::kinds::Kinds;
use rusqlite::Connection;

use super::aliases::Aliases;
use crate::store::community::StoreError;
use crate::store::roster::{StoredEntity, entities_of};

/// One plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The registry entity.
    pub id: EntityId,
    /// Its registry type.
    pub registry_type: String,
    /// Its grid.
    pub grid: Option<GridId>,
    /// What its clocks need.
    pub clocks: CarePlan,
    /// Who is to visit.
    pub responsible: Vec<WorkerId>,
    /// Everything else that it says.
    pub entity: StoredEntity,
}

/// Every plan, for whom its subject stands for, whose fields its clocks need are there.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection, kinds: &Kinds) -> Result<Vec<Plan>, StoreError> {
    let aliases = Aliases::read(connection, kinds)?;
    let mut plans = Vec::new();
    for kind in kinds.iter() {
        let Some(schedules) = &kind.effects.schedules else {
            continue;
        };
        for entity in entities_of(connection, kind.name.as_str())? {
            let Some(mut clocks) = CarePlan::read(schedules, |field| entity.values.get(field).cloned()) else {
                continue;
            };
            clocks.subject = aliases.canonical(clocks.subject);
            plans.push(Plan {
                id: entity.id,
                registry_type: entity.entity_type.clone(),
                grid: entity.grid,
                clocks,
                responsible: entity
                    .members(schedules.responsible.as_str())
                    .filter_map(|worker| worker.parse().ok())
                    .collect(),
                entity,
            });
        }
    }
    Ok(plans)
}
