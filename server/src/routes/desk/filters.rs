//! `GET /api/v1/desk/filters`: what the list of records can be narrowed by, with counts of
//! merged entries; held and waiting ones stand by themselves.

use actix_web::{HttpResponse, web};
use menpai_sync_core::kinds::Labels;
use menpai_sync_core::verdict::Verdict;
use serde::Serialize;

use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::SeeRecords;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::review::counts;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FiltersAnswer)]
struct Answer {
    grids: Vec<Counted>,
    kinds: Vec<KindCount>,
    workers: Vec<Counted>,
    days: Vec<DayCount>,
    verdicts: Vec<VerdictCount>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FiltersCounted)]
struct Counted {
    #[serde(flatten)]
    named: Named,
    count: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FiltersKindCount)]
struct KindCount {
    kind: String,
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    count: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FiltersDayCount)]
struct DayCount {
    day: String,
    count: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FiltersVerdictCount)]
struct VerdictCount {
    #[schema(value_type = crate::openapi::Verdict)]
    verdict: Verdict,
    count: u64,
}

/// What the list of records can be narrowed by.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/filters",
    responses((status = 200, body = Answer, description = "Filters with counts"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeRecords>) -> ApiResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(read(&home, &session, answer).await?))
}

fn answer(desk: &mut Desk<'_>) -> Result<Answer, StoreError> {
    let listed = desk.listed_kinds();
    let counts = counts::merged(desk.connection, &listed, desk.local.offset_minutes)?;
    let merged = counts.kinds.iter().map(|(_, count)| count).sum();
    let mut grids = Vec::new();
    for (grid, count) in counts.grids {
        grids.push(Counted {
            named: desk.grid(grid)?,
            count,
        });
    }
    grids.sort_by(|a, b| a.named.name.cmp(&b.named.name));
    let mut workers: Vec<Counted> = counts
        .workers
        .into_iter()
        .map(|(worker, count)| Counted {
            named: desk.worker(worker),
            count,
        })
        .collect();
    workers.sort_by(|a, b| a.named.name.cmp(&b.named.name));
    let kinds = listed
        .iter()
        .filter_map(|name| {
            let labels = desk.kinds.get(name)?.labels.clone();
            let count = counts
                .kinds
                .iter()
                .find(|(kind, _)| kind == name)
                .map_or(0, |(_, count)| *count);
            Some(KindCount {
                kind: (*name).to_owned(),
                labels,
                count,
            })
        })
        .collect();
    Ok(Answer {
        grids,
        kinds,
        workers,
        days: counts
            .days
            .into_iter()
            .map(|(day, count)| DayCount { day, count })
            .collect(),
        verdicts: vec![
            VerdictCount {
                verdict: Verdict::Merged,
                count: merged,
            },
            VerdictCount {
                verdict: Verdict::Held,
                count: counts::standing_at(desk.connection, Verdict::Held)?,
            },
            VerdictCount {
                verdict: Verdict::Waiting,
                count: counts::standing_at(desk.connection, Verdict::Waiting)?,
            },
        ],
    })
}
