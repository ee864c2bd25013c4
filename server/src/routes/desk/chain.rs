//! `GET /api/v1/desk/chain`: the responsibility chain of the community: on each of five levels for how many
//! doors somebody answers, where nobody does, and who answers for a place that is not named; of one `door`, who. Levels are called as the street
//! calls them.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::Labels;
use menpai_sync_core::phone::natural;
use serde::{Deserialize, Serialize};

use super::records::part;
use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::SeeDoors;
use crate::clock;
use crate::divisions::street_of;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::chain_labels::{ChainLabels, labels_of};
use crate::store::review::chain::{Chains, Gap, LEVELS};
use crate::store::review::places::{Door, Places};
use crate::store::review::register::Address;
use crate::sync::Granted;

/// Of which door, too.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    door: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChainAnswer)]
struct Answer {
    /// From the street down.
    levels: Vec<LevelRow>,
    /// Where nobody answers, from the street down.
    gaps: Vec<GapRow>,
    /// Who is to answer for a building or a door, and for which is not said: some gaps may be none.
    placeless: Vec<Placeless>,
    /// The door that was asked for.
    door: Option<DoorChain>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChainLevel)]
struct LevelRow {
    /// `street`, `community`, `grid`, `building`, `household`.
    level: &'static str,
    #[schema(value_type = crate::openapi::Labels)]
    label: Labels,
    /// Doors for which somebody answers.
    named: usize,
    /// Doors in all.
    doors: usize,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChainGap)]
struct GapRow {
    level: &'static str,
    grid: Option<Named>,
    building: Option<Named>,
    doors: usize,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChainPlaceless)]
struct Placeless {
    level: &'static str,
    #[serde(flatten)]
    named: Named,
    #[schema(value_type = crate::openapi::Labels)]
    role: Labels,
    grid: Option<Named>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChainDoor)]
struct DoorChain {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    grid: Option<Named>,
    address: Address,
    /// As many as there are levels, in their order.
    rungs: Vec<Vec<Responsible>>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChainResponsible)]
struct Responsible {
    #[serde(flatten)]
    named: Named,
    #[schema(value_type = crate::openapi::Labels)]
    role: Labels,
    /// What below the grid they answer for.
    address: Option<Address>,
}

/// Who answers for doors, level by level, and where nobody does.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `unreadable_request`, `not_found` for a door that is none.
#[utoipa::path(
    get,
    path = "/desk/chain",
    params(Query), responses((status = 200, body = Answer, description = "The chain"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeDoors>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let door = part("door", query.into_inner().door, |text| text.parse().ok())?;
    let street = street_of(session.community);
    let labels = home.node(move |node| labels_of(node, &street)).await?;
    let now_ms = clock::now_ms();
    let answer = read(&home, &session, move |desk| answer(desk, &labels, door, now_ms)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn answer(desk: &mut Desk<'_>, labels: &ChainLabels, door: Option<EntityId>, now_ms: i64) -> Result<Answer, ApiError> {
    let places = Places::load(desk.connection, desk.kinds)?;
    let directory = Arc::clone(&desk.directory);
    let chains = Chains::at(&places, &directory, now_ms);
    let (mut gaps, named) = chains.survey();
    let mut placeless = Vec::new();
    for (level, granted) in chains.placeless() {
        let assignment = granted.assignment;
        placeless.push(Placeless {
            level: level.name(),
            named: desk.worker(granted.worker),
            role: desk.role(&assignment.role),
            grid: assignment.grid.map(|grid| desk.grid(grid)).transpose()?,
        });
    }
    placeless.sort_by(|a, b| (&a.named.name, &a.named.id).cmp(&(&b.named.name, &b.named.id)));
    let door = match door {
        Some(id) => {
            let door = places
                .doors
                .iter()
                .find(|door| door.id == id)
                .ok_or(ApiError::NotFound)?;
            Some(of_door(desk, &chains, door)?)
        }
        None => None,
    };
    let levels = LEVELS.iter().map(|level| LevelRow {
        level: level.name(),
        label: labels[level].clone(),
        named: named.get(level).copied().unwrap_or_default(),
        doors: places.doors.len(),
    });
    let called = |building: EntityId| {
        let place = places.place(building)?;
        let parent = place.parent.and_then(|parent| places.place(parent));
        let names = parent.into_iter().chain([place]).map(|place| place.name.as_str());
        Some(Named {
            id: building.to_string(),
            name: names.collect::<Vec<_>>().join(" "),
        })
    };
    // Buildings are in order already.
    gaps.sort_by(|a, b| {
        let grid = |gap: &Gap| {
            gap.grid
                .filter(|_| gap.building.is_none())
                .map_or("", |grid| places.grid_name(grid))
        };
        a.level.cmp(&b.level).then_with(|| natural(grid(a), grid(b)))
    });
    let gaps = gaps.into_iter().map(|gap| GapRow {
        level: gap.level.name(),
        grid: gap.grid.map(|grid| Named {
            id: grid.to_string(),
            name: places.grid_name(grid).to_owned(),
        }),
        building: gap.building.and_then(called),
        doors: gap.doors,
    });
    Ok(Answer {
        levels: levels.collect(),
        gaps: gaps.collect(),
        placeless,
        door,
    })
}

fn of_door(desk: &mut Desk<'_>, chains: &Chains<'_>, door: &Door) -> Result<DoorChain, ApiError> {
    let mut rungs = Vec::new();
    for level in LEVELS {
        let people = chains
            .of(door, level)
            .into_iter()
            .map(|granted| responsible(desk, &granted));
        rungs.push(people.collect::<Result<Vec<_>, ApiError>>()?);
    }
    Ok(DoorChain {
        id: door.id,
        grid: door.grid.map(|grid| desk.grid(grid)).transpose()?,
        address: desk.register.entity(door.id)?.address,
        rungs,
    })
}

fn responsible(desk: &mut Desk<'_>, granted: &Granted<'_>) -> Result<Responsible, ApiError> {
    Ok(Responsible {
        named: desk.worker(granted.worker),
        role: desk.role(&granted.assignment.role),
        address: desk.address_of(granted)?,
    })
}
