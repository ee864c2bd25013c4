//! The API for people and for programs: the OpenAPI document, and at `/api/` a page that shows it. The page
//! is our own: the usual viewers write markup as text, which the site's policy forbids.

use std::sync::LazyLock;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpResponse, http::header::ContentType};

use crate::error::ApiResult;
use crate::openapi;

const ASK_EACH_TIME: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "no-cache");

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi::text()));

/// This document.
///
/// # Errors
/// `internal`.
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses((status = 200, body = Object, description = "OpenAPI 3.1"))
)]
pub async fn openapi() -> ApiResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header(ASK_EACH_TIME)
        .body(DOCUMENT.clone()))
}

/// The page and what it is made of.
pub fn addresses(config: &mut ServiceConfig) {
    for (path, content_type, text) in [
        ("/api/", "text/html; charset=utf-8", include_str!("reference/page.html")),
        (
            "/api/page.js",
            "text/javascript; charset=utf-8",
            include_str!("reference/page.js"),
        ),
        (
            "/api/page.css",
            "text/css; charset=utf-8",
            include_str!("reference/page.css"),
        ),
    ] {
        let answer = move || async move {
            HttpResponse::Ok()
                .content_type(content_type)
                .insert_header(ASK_EACH_TIME)
                .body(text)
        };
        config.route(path, web::get().to(answer));
    }
}
