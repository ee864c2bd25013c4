//! Campaigns: sweeps over doors with their own dates, as the registry has them.

use menpai_sync_core::folds::coverage::Campaign;
use menpai_sync_core::kinds::Kinds;
use rusqlite::Connection;

use crate::store::community::StoreError;
use crate::store::roster::entities_of;

/// Every campaign, the one that began last first.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection, kinds: &Kinds) -> Result<Vec<Campaign>, StoreError> {
    let mut campaigns = Vec::new();
    for kind in kinds.iter() {
        let Some(sweeps) = &kind.effects.sweeps else { continue };
        for entity in entities_of(connection, kind.name.as_str())? {
            let scope = entity
                .members(sweeps.scope.as_str())
                .filter_map(|place| place.parse().ok())
                .collect();
            campaigns.extend(Campaign::read(entity.id, sweeps, scope, |field| {
                entity.values.get(field).cloned()
            }));
        }
    }
    campaigns.sort_by_key(|campaign| (std::cmp::Reverse(campaign.starts_on), campaign.id));
    Ok(campaigns)
}
