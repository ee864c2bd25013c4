//! One reading of coverage, shared by the wall, the table and the list of doors, so that a
//! number and the list it opens are the same doors: the campaign asked for, the cut-off, the
//! silent phones, and every door in question with where it stands.

use chrono::{Days, NaiveDate};
use menpai_sync_core::folds::coverage::Campaign;
use menpai_sync_core::ids::EntityId;

use super::Desk;
use crate::error::{ApiError, ApiResult};
use crate::store::community::{StoreError, gaps, heard};
use crate::store::review::coverage::{self, CoveredDoor, Question};
use crate::store::review::places::Places;
use crate::store::review::silence::Silence;
use crate::store::review::{campaigns, moves, statements};

/// Which records count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedCampaign {
    /// The one that runs and began last; without one, all time.
    Running,
    /// All time.
    None,
    /// This one.
    One(EntityId),
}

impl AskedCampaign {
    /// # Errors
    /// `unreadable_request`.
    pub(super) fn read(given: Option<&str>) -> ApiResult<AskedCampaign> {
        match given {
            None | Some("") => Ok(AskedCampaign::Running),
            Some("all") => Ok(AskedCampaign::None),
            Some(id) => id
                .parse()
                .map(AskedCampaign::One)
                .map_err(|_| ApiError::unreadable("campaign")),
        }
    }
}

/// What the desk shows of coverage at one moment.
pub(super) struct Reading {
    pub(super) today: NaiveDate,
    /// Phones must have been heard since then.
    pub(super) since_ms: i64,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) campaign: Option<Campaign>,
    pub(super) silence: Silence,
    pub(super) places: Places,
    pub(super) doors: Vec<CoveredDoor>,
}

impl Reading {
    /// Takes it. A campaign that does not exist has no doors.
    pub(super) fn take(desk: &Desk<'_>, asked: AskedCampaign, now_ms: i64) -> Result<Reading, StoreError> {
        let today = desk.local.day(now_ms);
        let campaigns = campaigns::all(desk.connection, desk.kinds)?;
        let chosen = |wanted: &dyn Fn(&Campaign) -> bool| campaigns.iter().find(|campaign| wanted(campaign)).cloned();
        let campaign = match asked {
            AskedCampaign::None => None,
            AskedCampaign::Running => chosen(&|campaign| campaign.runs_on(today)),
            AskedCampaign::One(id) => chosen(&|campaign| campaign.id == id),
        };
        let since_ms = desk.local.range(first_silent_day(today, campaign.as_ref())).start;
        let silence = silence(desk, now_ms, since_ms)?;
        let places = Places::load(desk.connection, desk.kinds)?;
        let missing = matches!(asked, AskedCampaign::One(_)) && campaign.is_none();
        let doors = if missing {
            Vec::new()
        } else {
            let question = Question {
                campaign: campaign.as_ref(),
                since_ms: campaign
                    .as_ref()
                    .map(|campaign| desk.local.range(campaign.starts_on).start),
                offset_minutes: desk.local.offset_minutes,
                withdrawn: &statements::withdrawn_records(desk.connection, |device| desk.is_office(device))?,
                silence: &silence,
            };
            coverage::doors(desk.connection, desk.kinds, &places, question)?
        };
        Ok(Reading {
            today,
            since_ms,
            campaigns,
            campaign,
            silence,
            places,
            doors,
        })
    }
}

/// The silent phones at a moment.
pub(super) fn silence(desk: &Desk<'_>, now_ms: i64, since_ms: i64) -> Result<Silence, StoreError> {
    let heard = heard::all(desk.connection)?;
    let gaps = gaps::all(desk.connection)?;
    let silence = Silence::read(&desk.register, &desk.directory, &heard, gaps, now_ms, since_ms);
    Ok(silence.following(&moves::all(desk.connection, desk.kinds)?))
}

/// A phone that was heard from on that day, or later, has told all that is asked: today, or
/// the day after a campaign that is over.
fn first_silent_day(today: NaiveDate, campaign: Option<&Campaign>) -> NaiveDate {
    let after = campaign.and_then(|campaign| campaign.ends_on.checked_add_days(Days::new(1)));
    after.map_or(today, |after| after.min(today))
}
