//! `GET /api/v1/desk/street`: the communities of a street side by side, each with its grids: levels 1, 2 and 3.
//! Every community has a file of its own, and the roles in it decide whether it is shown: one in which
//! whoever asks has no role that sees its street is not here for them. One that cannot be read is named as
//! missing, and the others are shown.

use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::{HttpResponse, web};
use futures_util::StreamExt;
use futures_util::stream;
use menpai_sync_core::ids::{CommunityCode, GridId, WorkerId};
use serde::Serialize;

use super::reading::AskedCampaign;
use super::{Asks, Desk, coverage, read_as};
use crate::auth::May;
use crate::auth::may::SeeStreet;
use crate::clock;
use crate::divisions::{StreetCode, Unit, community_name, street_name, street_of};
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::office::grids;
use crate::rights::{Action, Actor, Scope, Sight, authorize};
use crate::store::community::StoreError;
use crate::store::review::coverage::Counts;

/// Communities that are asked at once.
const AT_ONCE: usize = 4;
/// How long one is waited for.
const LONGEST: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreetAnswer)]
struct Answer {
    #[schema(value_type = String)]
    code: StreetCode,
    name: String,
    /// In order of code.
    communities: Vec<CommunityRow>,
    /// Those that could not be asked now: what they have is in no sum.
    missing: Vec<Missing>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreetMissing)]
struct Missing {
    #[schema(value_type = crate::openapi::CommunityCode)]
    code: CommunityCode,
    name: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreetCommunity)]
struct CommunityRow {
    #[schema(value_type = crate::openapi::CommunityCode)]
    code: CommunityCode,
    name: String,
    /// `community`, `village`, `like_community`.
    unit: Option<Unit>,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreetFigures)]
struct Figures {
    /// The campaign that runs; without one the doors count of all time.
    campaign: Option<String>,
    total: Counts,
    /// Phones that are silent.
    silent: usize,
    grids: Vec<GridRow>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = StreetGrid)]
struct GridRow {
    #[schema(value_type = crate::openapi::Id)]
    id: GridId,
    name: String,
    /// Sixteen digits, of which the first twelve are its community's; may be empty.
    grid_code: String,
    #[serde(flatten)]
    counts: Counts,
}

/// The communities of the street with their grids, and how far each has come.
///
/// # Errors
/// `not_signed_in`, `not_allowed`.
#[utoipa::path(
    get,
    path = "/desk/street",
    responses((status = 200, body = Answer, description = "Those that whoever asks may see"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeStreet>) -> ApiResult<HttpResponse> {
    let street = street_of(session.community);
    let (here, of_street) = (home.clone(), street.clone());
    let codes = web::block(move || {
        let mut codes = here.communities.list()?;
        codes.retain(|code| street_of(*code) == of_street);
        Ok::<_, std::io::Error>(codes)
    });
    let codes = codes.await?.map_err(ApiError::internal)?;
    let mut asked = stream::iter(codes)
        .map(|code| {
            let row = timeout(LONGEST, row(&home, session.worker, code));
            async move { (code, row.await.unwrap_or_else(|late| Err(ApiError::internal(late)))) }
        })
        .buffered(AT_ONCE);
    let (mut communities, mut missing) = (Vec::new(), Vec::new());
    while let Some((code, row)) = asked.next().await {
        match row {
            Ok(row) => communities.extend(row),
            // Whose role it is cannot be asked either; that it is there is in a public table.
            Err(error) => {
                tracing::error!(%code, %error, "a community of a street cannot be read");
                let name = home.node(move |node| community_name(node, code)).await?;
                missing.push(Missing { code, name });
            }
        }
    }
    let code = street.clone();
    let name = home.node(move |node| street_name(node, &street)).await?;
    Ok(HttpResponse::Ok().json(Answer {
        code,
        name,
        communities,
        missing,
    }))
}

/// One community; `None`: it is not theirs to see.
async fn row(home: &web::Data<Home>, worker: WorkerId, code: CommunityCode) -> ApiResult<Option<CommunityRow>> {
    let Some(sight) = may_see(home, worker, code).await? else {
        return Ok(None);
    };
    let asks = Asks {
        worker,
        action: Action::SeeStreet,
        community: code,
        sight,
    };
    let figures = read_as(home, asks, move |desk| figures(desk, clock::now_ms())).await?;
    let name = home.node(move |node| community_name(node, code)).await?;
    let unit = Unit::of(code.as_str());
    Ok(Some(CommunityRow {
        code,
        name,
        unit,
        figures,
    }))
}

/// Whether the roles that somebody has in a community show them its street, asked in that community's own file.
async fn may_see(home: &web::Data<Home>, worker: WorkerId, code: CommunityCode) -> ApiResult<Option<Sight>> {
    let directory = home::community(home, code).await?.directory();
    let actor = Actor {
        assignments: directory.assignments(worker),
        now_ms: clock::now_ms(),
    };
    Ok(authorize(actor, Action::SeeStreet, Scope::Community).ok())
}

fn figures(desk: &mut Desk<'_>, now_ms: i64) -> Result<Figures, StoreError> {
    let known = grids::all(desk.connection)?;
    let covered = coverage::answer(desk, AskedCampaign::Running, now_ms)?;
    let grids = known.into_iter().map(|grid| GridRow {
        counts: covered.of_grid(grid.id),
        id: grid.id,
        name: grid.name,
        grid_code: grid.code,
    });
    Ok(Figures {
        silent: covered.silent_phones(),
        grids: grids.collect(),
        campaign: covered.campaign_name(),
        total: covered.total,
    })
}
