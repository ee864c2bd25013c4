//! `GET /api/v1/snapshots`: the parts a device may see, whole, one after the other
//! (docs/protocol.md section 14). The tag names exactly the snapshots in the answer; a broken
//! download continues with the very same ones while they are kept, and begins anew otherwise.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::part::Part;
use serde::Deserialize;

use crate::auth::PhoneSession;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{Home, community};
use crate::store::community::StoreError;
use crate::store::community::snapshots::Named;
use crate::sync::Community;

const GZIP: &str = "application/gzip";
const OVERTAKEN: &str = "overtaken";
/// Digits of a snapshot's id in a tag: enough to tell the two that are kept of a part apart.
const TAG_DIGITS: usize = 12;

/// What is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Parts, separated by commas; all that may be seen if it is left out.
    parts: Option<String>,
    /// `overtaken`: the device does without what later records have overtaken.
    leave_out: Option<String>,
}

/// Parts of the community, whole, as they are now.
///
/// # Errors
/// `not_signed_in`, `range_not_satisfiable`.
#[utoipa::path(
    get,
    path = "/snapshots",
    params(Query, ("Range" = Option<String>, Header, description = "`bytes=N-`: go on from there, with If-Range"), ("If-Range" = Option<String>, Header, description = "The tag of what was begun")), responses((status = 200, body = crate::openapi::SnapshotBody, content_type = "application/gzip", description = "The snapshots, one after the other", headers(("ETag" = String, description = "Names exactly these snapshots"))), (status = 206, body = crate::openapi::SnapshotBody, content_type = "application/gzip", description = "The rest of the same"))
)]
pub async fn get(
    home: web::Data<Home>,
    session: PhoneSession,
    request: HttpRequest,
    query: web::Query<Query>,
) -> ApiResult<HttpResponse> {
    let community = community(&home, session.community).await?;
    // What cannot be a part is not one that may be seen.
    let wanted: Option<Vec<Part>> = query
        .parts
        .as_ref()
        .map(|parts| parts.split(',').filter_map(|part| part.parse().ok()).collect());
    let leave_out = query.leave_out.as_deref() == Some(OVERTAKEN);
    let resumed = resumed(request.headers());
    let range = resumed.as_ref().map(|(from, _)| *from);
    let (tag, body, same) = web::block(move || {
        let tagged = resumed.as_ref().map(|(_, tag)| tag.as_str());
        collect(&community, session.device, wanted.as_deref(), leave_out, tagged)
    })
    .await??;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(GZIP)
        .insert_header((ETAG, tag))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CACHE_CONTROL, "private, no-store"));
    match range.filter(|_| same) {
        None => Ok(answer.body(body)),
        Some(from) if from < body.len() => Ok(answer
            .status(StatusCode::PARTIAL_CONTENT)
            .insert_header((CONTENT_RANGE, format!("bytes {from}-{}/{}", body.len() - 1, body.len())))
            .body(web::Bytes::from(body).slice(from..))),
        Some(_) => Err(ApiError::RangeNotSatisfiable(body.len())),
    }
}

/// From where a download goes on, and of which tag. Any other range is ignored, as HTTP
/// allows: everything is sent.
fn resumed(headers: &HeaderMap) -> Option<(usize, String)> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let from = text(RANGE)?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
    Some((from, text(IF_RANGE)?.to_owned()))
}

/// Tag and bytes, and whether they are those of the given tag.
fn collect(
    community: &Community,
    device: menpai_sync_core::ids::DeviceId,
    wanted: Option<&[Part]>,
    leave_out: bool,
    tagged: Option<&str>,
) -> Result<(String, Vec<u8>, bool), StoreError> {
    let now_ms = clock::now_ms();
    if let Some(tagged) = tagged {
        let ids: Vec<&str> = tagged.trim_matches('"').split('.').collect();
        let named = if ids.iter().all(|id| id.len() == TAG_DIGITS) {
            community.kept_snapshots(device, now_ms, &ids)?
        } else {
            None
        };
        if let Some(named) = named
            && let Some(body) = bytes(community, &named)?
        {
            return Ok((tag(&named), body, true));
        }
    }
    loop {
        let named = community.newest_snapshots(device, now_ms, wanted, leave_out)?;
        // One may have been replaced twice meanwhile: then there are newer ones.
        if let Some(body) = bytes(community, &named)? {
            return Ok((tag(&named), body, false));
        }
    }
}

fn bytes(community: &Community, named: &[Named]) -> Result<Option<Vec<u8>>, StoreError> {
    let mut body = Vec::new();
    for named in named {
        match community.snapshot_bytes(named)? {
            Some(bytes) => body.extend(bytes),
            None => return Ok(None),
        }
    }
    Ok(Some(body))
}

fn tag(named: &[Named]) -> String {
    let ids: Vec<String> = named
        .iter()
        .map(|named| named.id.to_string().chars().take(TAG_DIGITS).collect())
        .collect();
    format!("\"{}\"", ids.join("."))
}
