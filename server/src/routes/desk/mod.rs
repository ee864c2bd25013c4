//! What the secretary's desk reads. Every answer is about the community of the session and
//! comes from one snapshot of its file; nothing here writes.

pub mod audit;
pub mod chain;
pub mod conflicts;
pub mod coverage;
pub mod doors;
pub mod duplicates;
pub mod erasures;
pub mod events;
pub mod export;
pub mod filters;
pub mod grids;
pub mod held;
pub mod id_numbers;
pub mod invitations;
pub mod morning;
pub mod overview;
mod reading;
pub mod records;
pub mod settlements;
pub mod staff;
pub mod street;
pub mod visits;
pub mod wall;
mod withdrawal;
mod wording;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use actix_web::web;
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, GridId, Seq, WorkerId};
use menpai_sync_core::kinds::{Family, Kinds, Labels};
use rusqlite::Connection;
use serde::Serialize;

use crate::auth::May;
use crate::auth::may::Permission;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::local_time::LocalTime;
use crate::masking::masked;
use crate::rights::{Action, Sight};
use crate::store::community::audit::Seen;
use crate::store::community::{BodyCodec, StoreError};
use crate::store::node;
use crate::store::review::register::{Address, Register};
use crate::store::review::silence::SilentPhone;
use crate::sync::{Community, Directory, Granted};

/// What a question to a community is answered from.
struct Desk<'c> {
    connection: &'c Connection,
    codec: &'c mut BodyCodec,
    kinds: &'c Kinds,
    register: Register<'c>,
    directory: Arc<Directory>,
    code: CommunityCode,
    local: LocalTime,
    sight: Sight,
    /// Whose special care the answer shows, and what else the audit log is to say.
    about: BTreeSet<EntityId>,
    place: Option<String>,
}

/// An id with the name it is known by.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
struct Named {
    id: String,
    name: String,
}

/// A device, and whether it is the office's own: that one has no phone's clock.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
struct DeviceName {
    #[serde(flatten)]
    named: Named,
    office: bool,
}

impl<'c> Desk<'c> {
    /// The kinds that the list of records lists: what workers state and what they edit.
    /// The office's own records are about people and devices and have no place here.
    fn listed_kinds(&self) -> Vec<&'c str> {
        self.kinds_of(&[Family::Record, Family::Edit])
    }

    fn kinds_of(&self, families: &[Family]) -> Vec<&'c str> {
        self.kinds
            .iter()
            .filter(|kind| families.contains(&kind.family))
            .map(|kind| kind.name.as_str())
            .collect()
    }

    /// The answer shows something of class `care` about this: the audit log will say so.
    fn saw(&mut self, about: impl IntoIterator<Item = EntityId>) {
        self.about.extend(about);
    }

    /// A resident's name as whoever asks sees it.
    fn resident(&self, name: &str) -> String {
        if self.sight.names {
            name.to_owned()
        } else {
            masked(name)
        }
    }

    fn grid(&mut self, grid: GridId) -> Result<Named, StoreError> {
        let name = self.register.grid(grid)?.unwrap_or_default();
        Ok(Named {
            id: grid.to_string(),
            name,
        })
    }

    fn worker(&self, worker: WorkerId) -> Named {
        Named {
            id: worker.to_string(),
            name: self.register.worker(worker).unwrap_or_default().to_owned(),
        }
    }

    /// A role as the kind that grants it calls it.
    fn role(&self, role: &str) -> Labels {
        let choice = self.kinds.iter().find_map(|kind| {
            let grants = kind.effects.grants.as_ref()?;
            kind.choice(grants.role.as_str(), role)
        });
        choice.map_or_else(|| wording::same(role), |choice| choice.labels.clone())
    }

    /// What below its grid a role is for.
    fn address_of(&mut self, granted: &Granted<'_>) -> Result<Option<Address>, StoreError> {
        let Some(place) = granted.place else { return Ok(None) };
        let mut address = self.register.entity(place)?.address;
        address.unit = address.unit.or_else(|| granted.unit.map(str::to_owned));
        Ok(Some(address))
    }

    fn is_office(&self, device: DeviceId) -> bool {
        self.register.device(device).is_some_and(|known| known.office)
    }

    fn device(&self, device: DeviceId) -> DeviceName {
        let id = device.to_string();
        let known = self.register.device(device);
        let office = known.is_some_and(|known| known.office);
        let name = match known.and_then(|known| known.name.clone()) {
            Some(name) => name,
            None if office => OFFICE_NAME.to_owned(),
            // The end of an id tells two nameless phones apart.
            None => id
                .chars()
                .skip(id.len().saturating_sub(4))
                .collect::<String>()
                .to_uppercase(),
        };
        DeviceName {
            named: Named { id, name },
            office,
        }
    }
}

/// A phone of which not everything is here, and since when.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
struct Silent {
    worker: Named,
    device: DeviceName,
    /// `None`: it was never heard from.
    last_contact: Option<String>,
    /// It was in contact, but what it said it had did not all arrive.
    incomplete: bool,
    /// Entries of its log that exist and are not here.
    missing: Vec<Missing>,
}

/// Entries `first` to `last` of a phone are missing, known since then.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
struct Missing {
    #[schema(value_type = u64)]
    first: Seq,
    #[schema(value_type = u64)]
    last: Seq,
    since: String,
}

impl Desk<'_> {
    fn silent(&self, phone: &SilentPhone) -> Silent {
        let heard = phone.heard;
        Silent {
            worker: self.worker(phone.worker),
            device: self.device(phone.device),
            last_contact: heard.map(|heard| self.local.instant(heard.contact_ms).to_string()),
            incomplete: heard.is_some_and(|heard| heard.complete_ms != Some(heard.contact_ms)),
            missing: phone
                .gaps
                .iter()
                .map(|gap| Missing {
                    first: gap.first,
                    last: gap.last,
                    since: self.local.instant(gap.since_ms).to_string(),
                })
                .collect(),
        }
    }
}

/// What the founding device is called, which no record names.
const OFFICE_NAME: &str = "社区办公室";

/// Who asks what of which community, decided already.
struct Asks {
    worker: WorkerId,
    action: Action,
    community: CommunityCode,
    sight: Sight,
}

/// Answers a question from one snapshot of the session's community, off the workers.
async fn read<P: Permission, T: Send + 'static, E: Into<ApiError> + Send + 'static>(
    home: &web::Data<Home>,
    session: &May<P>,
    question: impl FnOnce(&mut Desk<'_>) -> Result<T, E> + Send + 'static,
) -> ApiResult<T> {
    let asks = Asks {
        worker: session.worker,
        action: P::ACTION,
        community: session.community,
        sight: session.sight,
    };
    read_as(home, asks, question).await
}

async fn read_as<T: Send + 'static, E: Into<ApiError> + Send + 'static>(
    home: &web::Data<Home>,
    asks: Asks,
    question: impl FnOnce(&mut Desk<'_>) -> Result<T, E> + Send + 'static,
) -> ApiResult<T> {
    let Asks {
        worker,
        action,
        community: code,
        sight,
    } = asks;
    let accounts: HashMap<WorkerId, String> = home
        .node(move |node| node.read(|connection| node::list_accounts(connection, code)))
        .await?
        .into_iter()
        .map(|account| (account.worker, account.display_name))
        .collect();
    let community = home::community(home, code).await?;
    let home = home.clone();
    let answer = web::block(move || {
        let (answer, about, place) = community.read(|reader| {
            let kinds = community.kinds();
            let register = Register::open(&reader.connection, &mut reader.codec, kinds, accounts)?;
            let mut desk = Desk {
                connection: &reader.connection,
                codec: &mut reader.codec,
                kinds,
                register,
                directory: community.directory(),
                code,
                local: LocalTime::of_community(),
                sight,
                about: BTreeSet::new(),
                place: None,
            };
            let answer = question(&mut desk);
            Ok((answer, desk.about, desk.place))
        })?;
        if !about.is_empty() || place.is_some() {
            let seen = Seen {
                worker,
                action: action.name().to_owned(),
                place,
                about: about.into_iter().collect(),
            };
            write_down(&home, &community, &seen)?;
        }
        Ok::<_, StoreError>(answer)
    });
    answer.await??.map_err(Into::into)
}

/// In the log before it is on a screen.
fn write_down(home: &Home, community: &Community, seen: &Seen) -> Result<(), StoreError> {
    let (code, now_ms) = (community.identity().code, clock::now_ms());
    // A list that is taken along is a line each time.
    if seen.place.is_some() || !home.seen_lately.knows(code, seen, now_ms) {
        community.note_seen(seen.clone(), now_ms)?;
        home.seen_lately.remember(code, seen, now_ms);
    }
    Ok(())
}
