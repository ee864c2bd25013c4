//! `GET /api/v1/desk/export/registry?part=…`: the registry document of one part, as automerge
//! saves it, from one snapshot of the community's file. Its tag changes when its heads do.

use actix_web::http::header::{CONTENT_DISPOSITION, ETAG};
use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::Hash;
use menpai_sync_core::part::Part;
use serde::Deserialize;

use super::super::read;
use crate::auth::May;
use crate::auth::may::ExportRegistry;
use crate::error::{ApiError, ApiResult};
use crate::export::registry;
use crate::home::Home;

/// What is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    part: String,
}

/// The registry document of one part, as automerge saves it.
///
/// # Errors
/// `not_signed_in`, `unreadable_request` if it names no part, `not_found` if the part has no
/// document.
#[utoipa::path(
    get,
    path = "/desk/export/registry",
    params(Query), responses((status = 200, body = crate::openapi::DocumentBody, content_type = "application/octet-stream", description = "The document"))
)]
pub async fn get(
    home: web::Data<Home>,
    session: May<ExportRegistry>,
    query: web::Query<Query>,
) -> ApiResult<HttpResponse> {
    let part: Part = query.part.parse().map_err(|_| ApiError::unreadable("part"))?;
    let code = session.community;
    let file = read(&home, &session, move |desk| {
        desk.place = Some(part.to_string());
        registry::of_part(desk.connection, desk.codec, code, part)
    })
    .await?
    .ok_or(ApiError::NotFound)?;
    let name = registry::file_name(part);
    Ok(HttpResponse::Ok()
        .content_type(registry::CONTENT_TYPE)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((ETAG, tag(&file.heads)))
        .body(file.bytes))
}

/// Weak: the same changes in another order of arrival may be saved in other bytes.
fn tag(heads: &[Hash]) -> String {
    let bytes: Vec<u8> = heads.iter().flat_map(|head| head.0).collect();
    format!("W/\"{}\"", Hash::of(&bytes))
}
