//! Plain http in the network, where it is wanted (`--plain`): leads every address to TLS, and for an
//! office without a public name hands out its authority, with a page that says how a phone comes to
//! trust it. Nothing of any community is answered here.

use std::path::PathBuf;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, HOST, LOCATION};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

const PAGE: &str = include_str!("install.html");

/// Where TLS is, and what is to be trusted there.
pub struct Leading {
    /// Port of TLS on this machine.
    pub port: u16,
    /// The authority; `None` where the certificate is a public authority's.
    pub authority: Option<PathBuf>,
}

/// The addresses of that listener.
pub fn addresses(config: &mut ServiceConfig) {
    config
        .route("/install", web::get().to(install))
        .route("/authority.pem", web::get().to(authority))
        .default_service(web::to(lead));
}

async fn install(leading: web::Data<Leading>, request: HttpRequest) -> HttpResponse {
    if leading.authority.is_none() {
        return lead(leading, request).await;
    }
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(PAGE.replace("{address}", &secure(&leading, &request).unwrap_or_default()))
}

async fn authority(leading: web::Data<Leading>) -> HttpResponse {
    let Some(path) = leading.authority.clone() else {
        return HttpResponse::NotFound().finish();
    };
    match web::block(move || std::fs::read(path)).await {
        Ok(Ok(pem)) => HttpResponse::Ok()
            .content_type("application/x-x509-ca-cert")
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"menpai-authority.pem\""))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(pem),
        Ok(Err(error)) => {
            tracing::error!(%error, "the authority cannot be read");
            HttpResponse::InternalServerError().finish()
        }
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn lead(leading: web::Data<Leading>, request: HttpRequest) -> HttpResponse {
    match secure(&leading, &request) {
        Some(address) => HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, format!("{address}{}", request.uri())))
            .finish(),
        None => HttpResponse::BadRequest().finish(),
    }
}

/// This machine over TLS, as the client calls it. A name with anything else in it is none.
fn secure(leading: &Leading, request: &HttpRequest) -> Option<String> {
    let named = request.headers().get(HOST)?.to_str().ok()?;
    let host = match named.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => named,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) || !request.uri().path().starts_with('/') {
        return None;
    }
    Some(match leading.port {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    })
}
