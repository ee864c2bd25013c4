//! A change of grids as the command line names it: grids and buildings by what people call them,
//! workers by their accounts.

use std::collections::BTreeSet;

use menpai_sync_core::ids::{CommunityCode, EntityId};
use serde::{Deserialize, Serialize};

use super::super::{Office, OfficeError};
use super::{Change, Grid, Target, all};
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::node;

/// A change of grids in names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedChange {
    /// Where.
    pub community: CommunityCode,
    /// Name or code of the grid that has it.
    pub from: String,
    /// Name or code of the grid that is to have it.
    pub to: String,
    /// That grid is made.
    pub new: bool,
    /// Names or ids of buildings; `None`: everything.
    pub buildings: Option<Vec<String>>,
    /// Accounts that are to work in the new grid.
    pub workers: Vec<String>,
    /// Do it, or only say what it comes to.
    pub apply: bool,
}

/// Why a name names nothing.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// No grid, or no building of it.
    #[error("there is no {wanted}; there are: {known}")]
    Unknown {
        /// What was given.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Two buildings are called so.
    #[error("{wanted} is more than one; say which: {ids}")]
    Ambiguous {
        /// What was given.
        wanted: String,
        /// Their ids.
        ids: String,
    },
    /// No account of this community.
    #[error("there is no account {0}; `menpai account list` shows those there are")]
    NoAccount(String),
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's file, or the office's device.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl NamedChange {
    /// The change that the names mean.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn find(&self, home: &Home, office: &Office) -> Result<Change, NameError> {
        let grids = office.community.query(all)?;
        let from = grid(&grids, &self.from)?;
        let to = if self.new {
            Target::New(self.to.clone())
        } else {
            Target::Known(grid(&grids, &self.to)?.id)
        };
        let named = self.buildings.as_ref();
        let buildings = named.map(|names| names.iter().map(|name| building(from, name)).collect());
        let workers = self.workers.iter().map(|account| {
            let found = home
                .node_store()
                .read(|connection| node::find_account(connection, account))
                .map_err(OfficeError::from)?;
            let found = found.filter(|found| found.community == self.community);
            let found = found.ok_or_else(|| NameError::NoAccount(account.clone()))?;
            Ok((found.worker, Some(found.display_name)))
        });
        Ok(Change {
            from: from.id,
            to,
            buildings: buildings.transpose()?,
            workers: workers.collect::<Result<_, NameError>>()?,
            doors: None,
            apply: self.apply,
        })
    }
}

fn grid<'g>(grids: &'g [Grid], wanted: &str) -> Result<&'g Grid, NameError> {
    let found = grids.iter().find(|grid| grid.name == wanted || grid.code == wanted);
    found.ok_or_else(|| unknown(wanted, grids.iter().map(|grid| grid.name.as_str())))
}

fn building(grid: &Grid, wanted: &str) -> Result<EntityId, NameError> {
    let is_called = |name: &str| name == wanted || name.rsplit(' ').next() == Some(wanted);
    let called = |id: &EntityId, name: &str| id.to_string() == wanted || is_called(name);
    let found: BTreeSet<EntityId> = (grid.buildings.iter())
        .filter(|building| called(&building.id, &building.name))
        .map(|building| building.id)
        .collect();
    match (found.first(), found.len()) {
        (Some(only), 1) => Ok(*only),
        (None, _) => {
            let known = grid.buildings.iter().map(|building| building.name.as_str());
            Err(unknown(wanted, known))
        }
        _ => Err(NameError::Ambiguous {
            wanted: wanted.to_owned(),
            ids: found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }),
    }
}

fn unknown<'n>(wanted: &str, known: impl Iterator<Item = &'n str>) -> NameError {
    NameError::Unknown {
        wanted: wanted.to_owned(),
        known: known.collect::<Vec<_>>().join(", "),
    }
}
