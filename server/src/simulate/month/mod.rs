//! A month of work in one community, made before anybody looks: eight workers with habits of
//! their own go from door to door, visit elders, report hazards and correct the registry; one
//! phone falls silent, one is lost and revoked, some entries are held. Everything goes through
//! the home's own ingest, signed, day after day at the clock of that day.

mod life;
mod phone;
mod town;
mod work;

use chrono::{Days, NaiveDate};
use menpai_sync_core::ids::{CommunityCode, EntityId, GridId, WorkerId};
use menpai_sync_core::kinds::KindsError;
use rusqlite::Error as SqlError;

use super::dice::Dice;
use crate::clock::Past;
use crate::home::Home;
use crate::jobs::night::{self, NightError};
use crate::local_time::LocalTime;
use crate::office::{Office, OfficeError};
use crate::store::community::StoreError;

use life::Life;
use town::Town;

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// Nights that are closed at the end of the month; the ones before are of no interest.
const CLOSED_DAYS: i64 = 14;
/// A sweep over every door began that many days ago, and takes a fortnight.
const SWEEP_DAYS_AGO: u64 = 9;
const SWEEP_DAYS: u64 = 14;
/// When the lost phone is revoked, and when another falls silent.
const LOST_DAYS_AGO: i64 = 12;
const SILENT_DAYS_AGO: i64 = 4;

/// Why there is no month.
#[derive(Debug, thiserror::Error)]
pub enum MonthError {
    /// The community's file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] SqlError),
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// A night could not be closed.
    #[error(transparent)]
    Night(#[from] NightError),
    /// The kind files compiled in.
    #[error(transparent)]
    Kinds(#[from] KindsError),
    /// What was made is no entry.
    #[error(transparent)]
    Make(#[from] menpai_sync_core::entry::MakeError),
    /// The home did not take it.
    #[error("the home refused a slice: {0}")]
    Refused(String),
}

/// Somebody who works.
#[derive(Debug, Clone)]
pub struct Member {
    /// Account.
    pub account: String,
    /// Whose name the entries carry.
    pub worker: WorkerId,
    /// Where.
    pub grid: GridId,
}

/// What a month is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where.
    pub community: CommunityCode,
    /// Who; two for each grid, in order.
    pub members: Vec<Member>,
    /// The secretary's account, who orders the sweep.
    pub secretary: (String, WorkerId),
    /// Days of work, the last of which is today.
    pub days: u32,
    /// Of the throws.
    pub seed: u64,
}

/// Lives through the days of a plan, up to `now_ms`. `progress` hears days done and days.
///
/// # Errors
/// [`MonthError`]; then the month ends in the middle.
pub fn live(
    home: &Home,
    plan: &Plan,
    past: &Past,
    now_ms: i64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), MonthError> {
    let local = LocalTime::of_community();
    let today = local.day(now_ms);
    let first = today.checked_sub_days(Days::new(u64::from(plan.days))).unwrap_or(today);
    let community = home
        .communities
        .get(plan.community)?
        .ok_or(OfficeError::UnknownCommunity(plan.community))?;
    past.go_to(local.range(first).start + 7 * HOUR_MS);
    let town = Town::look(&community)?;
    let mut life = Life::begin(home, &community, plan, town, Dice::new(plan.seed))?;
    for day in first.iter_days().take_while(|day| *day <= today) {
        let days_ago = (today - day).num_days();
        let midnight = local.range(day).start;
        // Today lasts until now.
        let until_ms = now_ms.min(midnight + 17 * HOUR_MS + 30 * MINUTE_MS);
        if days_ago == i64::try_from(SWEEP_DAYS_AGO.min(u64::from(plan.days))).unwrap_or(0) {
            past.go_to(midnight + 8 * HOUR_MS);
            let office = Office::of_account(home, plan.community, &plan.secretary.0, plan.secretary.1)?;
            life.sweep = Some(order_sweep(&office, day)?);
        }
        if days_ago == LOST_DAYS_AGO {
            past.go_to(midnight + 8 * HOUR_MS);
            life.lose_a_phone(home)?;
        }
        life.work_day(past, days_ago, midnight, until_ms)?;
        let night_ms = midnight + 26 * HOUR_MS;
        if (1..=CLOSED_DAYS).contains(&days_ago) && night_ms <= now_ms {
            past.go_to(night_ms);
            night::close_and_list(home, plan.community, local.instant(night_ms))?;
        }
        progress(
            u64::from(plan.days) - u64::try_from(days_ago).unwrap_or(0),
            u64::from(plan.days),
        );
    }
    Ok(())
}

/// A sweep over every door, as the desk orders it.
fn order_sweep(office: &Office, from: NaiveDate) -> Result<EntityId, MonthError> {
    let kinds = std::sync::Arc::clone(office.community.kinds());
    let until = from.checked_add_days(Days::new(SWEEP_DAYS - 1)).unwrap_or(from);
    let checks = kinds.iter().find(|kind| kind.effects.closes.is_some());
    let sweep = kinds.iter().find(|kind| kind.effects.sweeps.is_some());
    let (Some(checks), Some(sweep)) = (checks, sweep) else {
        return Err(StoreError::damaged("no kind of sweep").into());
    };
    let id = crate::clock::new_entry_id();
    let entity = EntityId::made_by(id, 0);
    let set = work::items(
        sweep.name.as_str(),
        entity,
        &[
            ("name", "冬季安全拉网排查".into()),
            ("campaign_kind", "sweep".into()),
            ("record_kind", checks.name.as_str().into()),
            ("starts_on", from.to_string().into()),
            ("ends_on", until.to_string().into()),
            ("daily_report", true.into()),
            ("target", "每户都到，无人的再去，隐患当场登记。".into()),
        ],
    );
    let base = office.community.heads(menpai_sync_core::part::Part {
        grid: None,
        class: menpai_sync_core::kinds::Class::Open,
    })?;
    office.write(&[work::edit(
        &kinds,
        id,
        None,
        office.worker,
        crate::clock::now(),
        base,
        set,
    )])?;
    Ok(entity)
}
