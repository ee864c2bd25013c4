//! Hands the nights' sealed copies to another machine (`--copies`), so that they do not burn with this one. Only
//! machines that the home knows come this far ([`tls`](crate::tls)); what they get they cannot
//! open. Nothing else is answered here.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_RANGE, RANGE};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::file_pieces::pieces;
use crate::copies;

/// Folder of the copies.
pub struct Copies(pub PathBuf);

/// The addresses of that listener.
pub fn addresses(config: &mut ServiceConfig) {
    config
        .route("/copies", web::get().to(list))
        .route("/copies/{path:.*}", web::get().to(file));
}

async fn list(folder: web::Data<Copies>) -> HttpResponse {
    match web::block(move || copies::list(&folder.0)).await {
        Ok(Ok(files)) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(files),
        failed => {
            tracing::error!(?failed, "the copies cannot be listed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A file, or the rest of it: who was cut off goes on where it was.
async fn file(folder: web::Data<Copies>, path: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(place) = copies::place(&folder.0, &path) else {
        return HttpResponse::NotFound().finish();
    };
    let from = rest_from(&request).unwrap_or(0);
    let opened = web::block(move || {
        let mut file = File::open(place)?;
        let bytes = file.metadata()?.len();
        file.seek(SeekFrom::Start(from))?;
        Ok::<_, std::io::Error>((file, bytes))
    });
    let (file, bytes) = match opened.await {
        Ok(Ok(opened)) => opened,
        failed => {
            tracing::error!(?failed, "a copy cannot be read");
            return HttpResponse::InternalServerError().finish();
        }
    };
    if from > bytes || (from == bytes && bytes > 0) {
        return HttpResponse::RangeNotSatisfiable()
            .insert_header((CONTENT_RANGE, format!("bytes */{bytes}")))
            .finish();
    }
    tracing::info!(path = %path.as_str(), from, bytes, "a machine asks for a copy");
    let mut answer = HttpResponse::Ok();
    if from > 0 {
        answer.status(StatusCode::PARTIAL_CONTENT);
        answer.insert_header((CONTENT_RANGE, format!("bytes {from}-{}/{bytes}", bytes - 1)));
    }
    answer
        .content_type("application/octet-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(SizedStream::new(bytes - from, pieces(file)))
}

/// `Range: bytes=N-`; any other range is answered with the whole file, as HTTP allows.
fn rest_from(request: &HttpRequest) -> Option<u64> {
    let range = request.headers().get(RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}
