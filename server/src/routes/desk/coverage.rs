//! `GET /api/v1/desk/coverage`: how many doors stand where, of everything, of each grid and of
//! each building. Closed, visited but open, not visited and not yet heard from are four
//! numbers and never one; with the last goes whose phone is silent, and since when.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, web};
use menpai_sync_core::folds::coverage::Campaign;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::phone::natural;
use serde::{Deserialize, Serialize};

use super::reading::{AskedCampaign, Reading};
use super::{Desk, Named, Silent, read};
use crate::auth::May;
use crate::auth::may::SeeFigures;
use crate::clock;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::review::coverage::Counts;

/// `campaign`: an id, `all`, or nothing for the one that runs.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    campaign: Option<String>,
}

impl Query {
    pub(super) fn campaign(&self) -> ApiResult<AskedCampaign> {
        AskedCampaign::read(self.campaign.as_deref())
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CoverageAnswer)]
pub(super) struct Answer {
    today: String,
    /// Phones count as silent that were not heard from, or not wholly, since then.
    heard_since: String,
    campaign: Option<CampaignRow>,
    campaigns: Vec<CampaignRow>,
    pub(super) total: Counts,
    pub(super) grids: Vec<GridRow>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CoverageCampaignRow)]
struct CampaignRow {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    name: String,
    starts_on: String,
    ends_on: String,
    running: bool,
    /// Today is its day so and so.
    day: i64,
    days: i64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CoverageGridRow)]
pub(super) struct GridRow {
    #[schema(value_type = Option<crate::openapi::Id>)]
    pub(super) id: Option<GridId>,
    pub(super) name: String,
    pub(super) workers: Vec<Named>,
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Phones that could have recorded something there.
    phones: usize,
    pub(super) silent: Vec<Silent>,
    pub(super) buildings: Vec<BuildingRow>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CoverageBuildingRow)]
pub(super) struct BuildingRow {
    #[schema(value_type = Option<crate::openapi::Id>)]
    pub(super) id: Option<EntityId>,
    pub(super) name: String,
    pub(super) compound: Option<String>,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

impl Answer {
    /// The doors of one grid.
    pub(super) fn of_grid(&self, grid: GridId) -> Counts {
        let row = self.grids.iter().find(|row| row.id == Some(grid));
        row.map_or_else(Counts::default, |row| row.counts)
    }

    /// How many phones are silent; one that is in several grids is one.
    pub(super) fn silent_phones(&self) -> usize {
        let silent = self.grids.iter().flat_map(|row| &row.silent);
        silent
            .map(|phone| phone.device.named.id.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// What counts.
    pub(super) fn campaign_name(&self) -> Option<String> {
        self.campaign.as_ref().map(|campaign| campaign.name.clone())
    }
}

/// Coverage by grid and building.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/coverage",
    params(Query), responses((status = 200, body = Answer, description = "Figures"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeFigures>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let asked = query.campaign()?;
    let now_ms = clock::now_ms();
    let answer = read(&home, &session, move |desk| answer(desk, asked, now_ms)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) fn answer(desk: &mut Desk<'_>, asked: AskedCampaign, now_ms: i64) -> Result<Answer, StoreError> {
    let reading = Reading::take(desk, asked, now_ms)?;
    let row = |campaign: &Campaign| CampaignRow {
        id: campaign.id,
        name: campaign.name.clone(),
        starts_on: campaign.starts_on.to_string(),
        ends_on: campaign.ends_on.to_string(),
        running: campaign.runs_on(reading.today),
        day: (reading.today - campaign.starts_on).num_days() + 1,
        days: (campaign.ends_on - campaign.starts_on).num_days() + 1,
    };
    let mut total = Counts::default();
    for door in &reading.doors {
        total.add(door);
    }
    Ok(Answer {
        today: reading.today.to_string(),
        heard_since: desk.local.instant(reading.since_ms).to_string(),
        campaign: reading.campaign.as_ref().map(row),
        campaigns: reading.campaigns.iter().map(row).collect(),
        total,
        grids: grids(desk, &reading, now_ms),
    })
}

fn grids(desk: &Desk<'_>, reading: &Reading, now_ms: i64) -> Vec<GridRow> {
    let mut rows: BTreeMap<Option<GridId>, GridRow> = BTreeMap::new();
    // Doors come building by building.
    for covered in &reading.doors {
        let grid = covered.door.grid;
        let row = rows.entry(grid).or_insert_with(|| GridRow {
            id: grid,
            name: grid.map_or("", |grid| reading.places.grid_name(grid)).to_owned(),
            workers: grid.map_or_else(Vec::new, |grid| {
                desk.directory
                    .workers_of(grid, now_ms)
                    .into_iter()
                    .map(|worker| desk.worker(worker))
                    .collect()
            }),
            counts: Counts::default(),
            phones: reading.silence.in_use(grid),
            silent: reading.silence.of_grid(grid).map(|phone| desk.silent(phone)).collect(),
            buildings: Vec::new(),
        });
        row.counts.add(covered);
        let building = covered.door.building;
        if row.buildings.last().is_none_or(|last| last.id != building) {
            row.buildings.push(building_row(reading, building));
        }
        if let Some(last) = row.buildings.last_mut() {
            last.counts.add(covered);
        }
    }
    let mut rows: Vec<GridRow> = rows.into_values().collect();
    rows.sort_by(|a, b| natural(&a.name, &b.name).then_with(|| a.id.cmp(&b.id)));
    rows
}

fn building_row(reading: &Reading, id: Option<EntityId>) -> BuildingRow {
    let place = id.and_then(|id| reading.places.place(id));
    BuildingRow {
        id,
        name: place.map_or_else(String::new, |place| place.name.clone()),
        compound: place
            .and_then(|place| reading.places.place(place.parent?))
            .map(|parent| parent.name.clone()),
        counts: Counts::default(),
    }
}
