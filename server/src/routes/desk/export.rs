//! `GET /api/v1/desk/export/<list>`: a list of the desk as CSV or xlsx: the rows that the same
//! query shows, every page of them. It is written to a file without a name first, from one
//! snapshot, so that a slow download holds no reader and costs no memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use actix_web::body::SizedStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::stream::unfold;
use menpai_sync_core::kinds::Labels;
use serde::Deserialize;

use super::records::Asked;
use super::{Desk, Named, Silent, coverage, doors, read, records, visits};
use crate::auth::DeskSession;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::export::{Cell, ExportError, Format, Sheet};
use crate::home::Home;
use crate::store::review::coverage::Counts;
use crate::store::review::places;
use crate::store::review::register::Address;

/// What is read of the file at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// Beside the list's own query.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct As {
    format: Format,
    /// Of headings and words; a download carries no language of the page.
    #[serde(default)]
    language: Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Words {
    #[default]
    Zh,
    En,
}

/// `GET /api/v1/desk/export/records`
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
pub async fn records(
    home: web::Data<Home>,
    session: DeskSession,
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

/// `GET /api/v1/desk/export/conflicts`: one row for each value.
///
/// # Errors
/// `not_signed_in`.
pub async fn conflicts(home: web::Data<Home>, session: DeskSession, how: web::Query<As>) -> ApiResult<HttpResponse> {
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

/// `GET /api/v1/desk/export/coverage`: a row for each grid, then one for each of its buildings.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
pub async fn coverage(
    home: web::Data<Home>,
    session: DeskSession,
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

/// `GET /api/v1/desk/export/doors`
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
pub async fn doors(
    home: web::Data<Home>,
    session: DeskSession,
    how: web::Query<As>,
    query: web::Query<doors::Query>,
) -> ApiResult<HttpResponse> {
    let asked = query.into_inner().read()?;
    let list = List::new("doors", DOORS, *how);
    download(&home, &session, list, move |desk, out| {
        let reading = asked.reading(desk, clock::now_ms())?;
        let residents = places::residents(desk.connection)?;
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

/// `GET /api/v1/desk/export/visits`: overdue, then not known to be, then due.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
pub async fn visits(
    home: web::Data<Home>,
    session: DeskSession,
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

type Headings = &'static [(&'static str, &'static str)];

const RECORDS: Headings = &[
    ("网格", "Grid"),
    ("小区", "Compound"),
    ("楼栋", "Building"),
    ("单元", "Unit"),
    ("室", "Room"),
    ("种类", "Kind"),
    ("内容", "Summary"),
    ("谁记的", "Worker"),
    ("设备", "Device"),
    ("手机时间", "Phone's clock"),
    ("认定时间", "Made"),
    ("到服务器", "Received"),
    ("时钟差（秒）", "Clock difference (s)"),
    ("走到哪里", "Rung"),
    ("原因", "Reason"),
    ("全部内容", "All fields"),
    ("编号", "Entry id"),
    ("社区日志行号", "Line"),
];
const CONFLICTS: Headings = &[
    ("第几项", "Number"),
    ("网格", "Grid"),
    ("小区", "Compound"),
    ("楼栋", "Building"),
    ("单元", "Unit"),
    ("室", "Room"),
    ("谁", "Whose"),
    ("哪一项", "Field"),
    ("写的是", "Value"),
    ("现在先显示", "Shown first"),
    ("谁写的", "Worker"),
    ("设备", "Device"),
    ("手机时间", "Phone's clock"),
    ("时钟差（秒）", "Clock difference (s)"),
    ("到服务器", "Received"),
    ("从哪里", "Source"),
    ("备注", "Note"),
    ("对象编号", "Entity id"),
];
const COVERAGE: Headings = &[
    ("网格", "Grid"),
    ("小区", "Compound"),
    ("楼栋（空为全网格）", "Building (empty: the whole grid)"),
    ("户数", "Doors"),
    ("已查", "Closed"),
    ("其中空户", "Of these empty"),
    ("到访未查完", "Visited, not closed"),
    ("其中拒访", "Of these refused"),
    ("未到访", "Not visited"),
    ("未收到", "Not yet heard from"),
    ("哪部手机没联系", "Silent phones"),
];
const DOORS: Headings = &[
    ("网格", "Grid"),
    ("小区", "Compound"),
    ("楼栋", "Building"),
    ("单元", "Unit"),
    ("室", "Room"),
    ("情况", "Standing"),
    ("住户", "Residents"),
    ("最近一次结果", "Last outcome"),
    ("最近一次时间", "Last attempt"),
    ("谁去的", "Worker"),
    ("去过几次", "Attempts"),
    ("哪部手机没联系", "Silent phones"),
    ("户室编号", "Door id"),
];
const VISITS: Headings = &[
    ("情况", "Standing"),
    ("姓名", "Name"),
    ("网格", "Grid"),
    ("小区", "Compound"),
    ("楼栋", "Building"),
    ("单元", "Unit"),
    ("室", "Room"),
    ("等级", "Level"),
    ("要怎样的探访", "Which contact"),
    ("应访日期", "Due on"),
    ("逾期天数", "Days overdue"),
    ("上次探访", "Last contact"),
    ("责任人", "Responsible"),
    ("哪部手机没联系", "Silent phones"),
    ("对象编号", "Subject id"),
];

/// Which list, with which headings, in which format and language.
struct List {
    name: &'static str,
    headings: Headings,
    how: As,
}

/// Where rows go, and how words are said there.
struct Out {
    sheet: Sheet,
    language: Words,
}

impl List {
    fn new(name: &'static str, headings: Headings, how: As) -> List {
        List { name, headings, how }
    }

    fn file_name(&self, today: &str) -> String {
        format!("menpai-{}-{today}.{}", self.name, self.how.format.extension())
    }
}

impl Out {
    fn words(&self, (zh, en): (&'static str, &'static str)) -> &'static str {
        match self.language {
            Words::Zh => zh,
            Words::En => en,
        }
    }

    fn say<'l>(&self, labels: &'l Labels) -> &'l str {
        match self.language {
            Words::Zh => &labels.zh,
            Words::En => &labels.en,
        }
    }

    fn label(&self, labels: Option<&Labels>) -> Cell {
        labels.map_or(Cell::Empty, |labels| Cell::text(self.say(labels)))
    }

    #[allow(clippy::unused_self, reason = "reads beside label")]
    fn named(&self, named: Option<&Named>) -> Cell {
        named.map_or(Cell::Empty, |named| Cell::text(&named.name))
    }

    fn rung(&self, rung: &str) -> &'static str {
        self.words(match rung {
            "merged" => ("已合并", "merged"),
            "held" => ("暂存", "held"),
            _ => ("到服务器，等前面的", "on server, waiting"),
        })
    }

    fn standing(&self, standing: &str) -> &'static str {
        self.words(match standing {
            "closed" => ("已查", "closed"),
            "visited_open" => ("到访未查完", "visited, not closed"),
            "not_visited" => ("未到访", "not visited"),
            _ => ("未收到", "not yet heard from"),
        })
    }

    fn silent(&self, phones: &[Silent]) -> Cell {
        let one = |phone: &Silent| {
            let since = match phone.last_contact.as_deref().and_then(|at| at.get(..16)) {
                None => self.words(("还没有联系过", "never heard from")).to_owned(),
                Some(at) if phone.incomplete => {
                    format!(
                        "{} {}",
                        at.replace('T', " "),
                        self.words(("联系过，没传完", "in contact, not all arrived"))
                    )
                }
                Some(at) => format!("{} {}", at.replace('T', " "), self.words(("起没联系", "last contact"))),
            };
            format!("{}（{}）{since}", phone.worker.name, phone.device.named.name)
        };
        Cell::text(phones.iter().map(one).collect::<Vec<_>>().join("；"))
    }
}

fn address(address: &Address) -> [Cell; 4] {
    [&address.compound, &address.building, &address.unit, &address.room]
        .map(|part| part.as_deref().map_or(Cell::Empty, Cell::text))
}

fn counted(head: [Cell; 3], counts: &Counts, silent: Cell) -> Vec<Cell> {
    let numbers = [
        counts.doors,
        counts.closed,
        counts.empty,
        counts.visited_open,
        counts.refused,
        counts.not_visited,
        counts.not_heard_from,
    ];
    head.into_iter()
        .chain(numbers.map(Cell::count))
        .chain([silent])
        .collect()
}

/// Writes the file off the workers, then sends it in pieces.
async fn download(
    home: &web::Data<Home>,
    session: &DeskSession,
    list: List,
    write: impl FnOnce(&mut Desk<'_>, &mut Out) -> Result<(), ExportError> + Send + 'static,
) -> ApiResult<HttpResponse> {
    let folder = home.folder.path().to_owned();
    let As { format, language } = list.how;
    let headings: Vec<String> = (list.headings.iter())
        .map(|(zh, en)| if language == Words::Zh { *zh } else { *en }.to_owned())
        .collect();
    let (mut file, today) = read(home, session, move |desk| {
        let file = tempfile::tempfile_in(&folder)?;
        let mut out = Out {
            sheet: Sheet::begin(format, file, &folder, &headings)?,
            language,
        };
        write(desk, &mut out)?;
        let today = desk.local.day(clock::now_ms()).to_string();
        Ok::<_, ExportError>((out.sheet.finish()?, today))
    })
    .await?;
    let length = file.seek(SeekFrom::End(0)).map_err(ApiError::internal)?;
    file.seek(SeekFrom::Start(0)).map_err(ApiError::internal)?;
    let name = list.file_name(&today);
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(SizedStream::new(length, pieces(file))))
}

fn pieces(file: File) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    unfold(file, |mut file| async {
        let piece = web::block(move || {
            let mut bytes = vec![0; PIECE_BYTES];
            let count = file.read(&mut bytes)?;
            bytes.truncate(count);
            Ok::<_, std::io::Error>((Bytes::from(bytes), file))
        });
        match piece.await.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok((bytes, _)) if bytes.is_empty() => None,
            Ok((bytes, file)) => Some((Ok(bytes), file)),
            // The length was promised: the client sees that the file is cut.
            Err(error) => {
                tracing::error!(%error, "an export could not be sent");
                None
            }
        }
    })
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> ApiError {
        ApiError::internal(error)
    }
}
