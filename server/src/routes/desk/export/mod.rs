//! `GET /api/v1/desk/export/<list>`: a list of the desk as CSV or xlsx: the rows that the same
//! query shows, every page of them. It is written to a file without a name first, from one
//! snapshot, so that a slow download holds no reader and costs no memory.

mod headings;
mod out;
pub mod registry;

use actix_web::{HttpResponse, web};

use self::headings::{CONFLICTS, COVERAGE, DOORS, RECORDS, VISITS};
use self::out::{List, address, counted, download};
use super::records::Asked;
use super::{Silent, coverage, doors, records, visits};
use crate::auth::May;
use crate::auth::may::Export;
use crate::clock;
use crate::error::ApiResult;
use crate::export::Cell;
use crate::home::Home;
use crate::store::review::places;

pub use self::out::As;

/// The list of records as a file.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/export/records",
    params(As, records::Query), responses((status = 200, response = inline(crate::openapi::ListFile)))
)]
pub async fn records(
    home: web::Data<Home>,
    session: May<Export>,
    how: web::Query<As>,
    query: web::Query<records::Query>,
) -> ApiResult<HttpResponse> {
    let mut asked: Asked = query.into_inner().read()?.from(None);
    let list = List::new("records", RECORDS, *how);
    download(&home, &session, list, move |desk, out| {
        loop {
            let page = records::answer(desk, &asked)?;
            for record in page.records {
                let body = record.body.iter().map(|content| {
                    let (label, text) = (out.say(&content.label), out.say(&content.text));
                    format!("{label}：{text}")
                });
                let body = body.collect::<Vec<_>>().join("\n");
                let mut row = vec![out.named(record.grid.as_ref())];
                row.extend(address(&record.address.unwrap_or_default()));
                row.extend([
                    out.label(record.kind_labels.as_ref()),
                    out.label(Some(&record.summary)),
                    out.named(record.worker.as_ref()),
                    Cell::text(&record.device.named.name),
                    record.made_at.as_deref().map_or(Cell::Empty, Cell::instant),
                    Cell::instant(&record.made),
                    Cell::instant(&record.received),
                    Cell::Integer(record.offset_ms / 1000),
                    Cell::text(out.rung(record.rung)),
                    out.label(record.reason_text.as_ref()),
                    Cell::text(body),
                    Cell::text(record.entry.map(|id| id.to_string()).unwrap_or_default()),
                    Cell::Integer(i64::try_from(record.lsn).unwrap_or(i64::MAX)),
                ]);
                out.sheet.row(&row)?;
            }
            match page.next {
                Some(before) => asked = asked.from(Some(before)),
                None => return Ok(()),
            }
        }
    })
    .await
}

/// Open conflicts as a file, a row for each value.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/export/conflicts",
    params(As), responses((status = 200, response = inline(crate::openapi::ListFile)))
)]
pub async fn conflicts(home: web::Data<Home>, session: May<Export>, how: web::Query<As>) -> ApiResult<HttpResponse> {
    let list = List::new("conflicts", CONFLICTS, *how);
    download(&home, &session, list, |desk, out| {
        for (number, conflict) in (1..).zip(super::conflicts::answer(desk)?.conflicts) {
            let place = address(&conflict.address.unwrap_or_default());
            for value in conflict.values {
                let mut row = vec![Cell::Integer(number), out.named(conflict.grid.as_ref())];
                row.extend(place.clone());
                row.extend([
                    Cell::text(conflict.entity_name.clone().unwrap_or_default()),
                    out.label(Some(&conflict.labels)),
                    out.label(Some(&value.text)),
                    Cell::text(out.words(if value.shown { ("是", "yes") } else { ("否", "no") })),
                    out.named(value.worker.as_ref()),
                    Cell::text(value.device.map(|device| device.named.name).unwrap_or_default()),
                    Cell::instant(&value.made_at),
                    value
                        .offset_ms
                        .map_or(Cell::Empty, |offset_ms| Cell::Integer(offset_ms / 1000)),
                    value.received.as_deref().map_or(Cell::Empty, Cell::instant),
                    out.label(value.source.as_ref()),
                    Cell::text(value.note.unwrap_or_default()),
                    Cell::text(conflict.entity.to_string()),
                ]);
                out.sheet.row(&row)?;
            }
        }
        Ok(())
    })
    .await
}

/// Coverage as a file.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/export/coverage",
    params(As, coverage::Query), responses((status = 200, response = inline(crate::openapi::ListFile)))
)]
pub async fn coverage(
    home: web::Data<Home>,
    session: May<Export>,
    how: web::Query<As>,
    query: web::Query<coverage::Query>,
) -> ApiResult<HttpResponse> {
    let asked = query.campaign()?;
    let list = List::new("coverage", COVERAGE, *how);
    download(&home, &session, list, move |desk, out| {
        for grid in coverage::answer(desk, asked, clock::now_ms())?.grids {
            let silent = out.silent(&grid.silent);
            let head = [Cell::text(&grid.name), Cell::Empty, Cell::Empty];
            out.sheet.row(&counted(head, &grid.counts, silent))?;
            for building in grid.buildings {
                let head = [
                    Cell::text(&grid.name),
                    Cell::text(building.compound.unwrap_or_default()),
                    Cell::text(building.name),
                ];
                out.sheet.row(&counted(head, &building.counts, Cell::Empty))?;
            }
        }
        Ok(())
    })
    .await
}

/// The list of doors as a file.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/export/doors",
    params(As, doors::Query), responses((status = 200, response = inline(crate::openapi::ListFile)))
)]
pub async fn doors(
    home: web::Data<Home>,
    session: May<Export>,
    how: web::Query<As>,
    query: web::Query<doors::Query>,
) -> ApiResult<HttpResponse> {
    let asked = query.into_inner().read()?;
    let list = List::new("doors", DOORS, *how);
    download(&home, &session, list, move |desk, out| {
        let reading = asked.reading(desk, clock::now_ms())?;
        let residents = places::residents(desk.connection, desk.kinds)?;
        for covered in reading.doors.iter().filter(|door| asked.fits(door)) {
            let door = doors::row(desk, covered, &residents)?;
            let phones: Vec<Silent> = if door.standing == doors::NOT_HEARD_FROM {
                reading
                    .silence
                    .of_grid(covered.door.grid)
                    .map(|phone| desk.silent(phone))
                    .collect()
            } else {
                Vec::new()
            };
            let mut row = vec![out.named(door.grid.as_ref())];
            row.extend(address(&door.address));
            row.push(Cell::text(out.standing(door.standing)));
            row.push(Cell::text(door.residents.join("、")));
            match door.last {
                Some(last) => row.extend([
                    out.label(Some(&last.outcome)),
                    Cell::instant(&last.at),
                    out.named(last.worker.as_ref()),
                    Cell::count(last.attempts),
                ]),
                None => row.extend([Cell::Empty, Cell::Empty, Cell::Empty, Cell::Integer(0)]),
            }
            row.extend([out.silent(&phones), Cell::text(door.id.to_string())]);
            out.sheet.row(&row)?;
        }
        Ok(())
    })
    .await
}

/// Due and overdue visits as a file.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/export/visits",
    params(As, visits::Query), responses((status = 200, response = inline(crate::openapi::ListFile)))
)]
pub async fn visits(
    home: web::Data<Home>,
    session: May<Export>,
    how: web::Query<As>,
    query: web::Query<visits::Query>,
) -> ApiResult<HttpResponse> {
    let grid = query.into_inner().read()?;
    let list = List::new("visits", VISITS, *how);
    download(&home, &session, list, move |desk, out| {
        let answer = visits::answer(desk, grid, clock::now_ms())?;
        let groups = [
            (("逾期", "overdue"), answer.overdue),
            (("未收到", "not yet heard from"), answer.not_heard_from),
            (("今日应访", "due"), answer.due),
        ];
        for (words, visits) in groups {
            for visit in visits {
                let responsible: Vec<String> = visit.responsible.into_iter().map(|worker| worker.name).collect();
                let mut row = vec![
                    Cell::text(out.words(words)),
                    Cell::text(visit.name.unwrap_or_default()),
                    out.named(visit.grid.as_ref()),
                ];
                row.extend(address(&visit.address));
                row.extend([
                    out.label(Some(&visit.level)),
                    Cell::text(out.words(if visit.clock == "in_person" {
                        ("上门", "in person")
                    } else {
                        ("任何方式", "any contact")
                    })),
                    Cell::date(&visit.due_on),
                    Cell::Integer(i64::try_from(visit.days_overdue).unwrap_or(i64::MAX)),
                    visit.last.map_or(Cell::Empty, |last| Cell::date(&last.day)),
                    Cell::text(responsible.join("、")),
                    out.silent(&visit.silent),
                    Cell::text(visit.subject.to_string()),
                ]);
                out.sheet.row(&row)?;
            }
        }
        Ok(())
    })
    .await
}
