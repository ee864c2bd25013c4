//! Where the rows of a list go: how words are said there, and how the file gets to the
//! browser. It is written whole to a file without a name, then sent in pieces.

use std::io::{Seek, SeekFrom};

use actix_web::body::SizedStream;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use menpai_sync_core::kinds::Labels;
use serde::Deserialize;

use super::super::{Desk, Named, Silent, read};
use super::headings::Headings;
use crate::auth::May;
use crate::auth::may::Permission;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::export::{Cell, ExportError, Format, Sheet};
use crate::home::Home;
use crate::routes::file_pieces::pieces;
use crate::store::review::coverage::Counts;
use crate::store::review::register::Address;

/// Beside the list's own query.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct As {
    #[param(inline)]
    format: Format,
    /// Of headings and words; a download carries no language of the page.
    #[serde(default)]
    #[param(inline)]
    language: Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ExportWords)]
enum Words {
    #[default]
    Zh,
    En,
}

/// Which list, with which headings, in which format and language.
pub(super) struct List {
    name: &'static str,
    headings: Headings,
    how: As,
}

/// Where rows go, and how words are said there.
pub(super) struct Out {
    pub(super) sheet: Sheet,
    language: Words,
}

impl List {
    pub(super) fn new(name: &'static str, headings: Headings, how: As) -> List {
        List { name, headings, how }
    }

    fn file_name(&self, today: &str) -> String {
        format!("menpai-{}-{today}.{}", self.name, self.how.format.extension())
    }
}

impl Out {
    pub(super) fn words(&self, (zh, en): (&'static str, &'static str)) -> &'static str {
        match self.language {
            Words::Zh => zh,
            Words::En => en,
        }
    }

    pub(super) fn say<'l>(&self, labels: &'l Labels) -> &'l str {
        match self.language {
            Words::Zh => &labels.zh,
            Words::En => &labels.en,
        }
    }

    pub(super) fn label(&self, labels: Option<&Labels>) -> Cell {
        labels.map_or(Cell::Empty, |labels| Cell::text(self.say(labels)))
    }

    #[allow(clippy::unused_self, reason = "reads beside label")]
    pub(super) fn named(&self, named: Option<&Named>) -> Cell {
        named.map_or(Cell::Empty, |named| Cell::text(&named.name))
    }

    pub(super) fn rung(&self, rung: &str) -> &'static str {
        self.words(match rung {
            "merged" => ("已合并", "merged"),
            "held" => ("暂存", "held"),
            _ => ("到服务器，等前面的", "on server, waiting"),
        })
    }

    pub(super) fn standing(&self, standing: &str) -> &'static str {
        self.words(match standing {
            "closed" => ("已查", "closed"),
            "visited_open" => ("到访未查完", "visited, not closed"),
            "not_visited" => ("未到访", "not visited"),
            _ => ("未收到", "not yet heard from"),
        })
    }

    pub(super) fn silent(&self, phones: &[Silent]) -> Cell {
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

pub(super) fn address(address: &Address) -> [Cell; 4] {
    [&address.compound, &address.building, &address.unit, &address.room]
        .map(|part| part.as_deref().map_or(Cell::Empty, Cell::text))
}

pub(super) fn counted(head: [Cell; 3], counts: &Counts, silent: Cell) -> Vec<Cell> {
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
pub(super) async fn download<P: Permission>(
    home: &web::Data<Home>,
    session: &May<P>,
    list: List,
    write: impl FnOnce(&mut Desk<'_>, &mut Out) -> Result<(), ExportError> + Send + 'static,
) -> ApiResult<HttpResponse> {
    let folder = home.folder.path().to_owned();
    let As { format, language } = list.how;
    let headings: Vec<String> = (list.headings.iter())
        .map(|(zh, en)| if language == Words::Zh { *zh } else { *en }.to_owned())
        .collect();
    let name = list.name;
    let (mut file, today) = read(home, session, move |desk| {
        desk.place = Some(name.to_owned());
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
        .body(SizedStream::new(length, pieces(file))))
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> ApiError {
        ApiError::internal(error)
    }
}
