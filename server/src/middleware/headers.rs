//! Security headers on every answer: nothing is framed, sniffed, referred or loaded from
//! elsewhere, what the API answers no cache keeps, and no text becomes script: where the browser has Trusted Types, markup and addresses of
//! scripts come from two policies or not at all, Vue's own and that of `core/own-scripts.ts`. The desk needs no exception: of Element Plus only the watermark writes a style
//! attribute, everything else sets styles through the object model, which policies allow.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, web};

const ONE_YEAR: &str = "max-age=31536000";
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types vue menpai";
/// What the browser could do for a page and this site never asks for; the camera reads QR codes.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=()";

/// Whether a browser is told to come back with TLS only. Where the certificate is the local
/// authority's it is not: the word would hold for every port of that name, this machine's own too.
#[derive(Debug, Clone, Copy)]
pub struct StrictTransport(pub bool);

/// Wraps the app and adds the headers.
///
/// # Errors
/// Those of what it wraps.
pub async fn add_security_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let strict = request.app_config().secure()
        && (request.app_data::<web::Data<StrictTransport>>()).is_some_and(|strict| strict.0);
    let of_api = request.path().starts_with("/api/");
    let mut answer = next.call(request).await?;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(PERMISSIONS),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    if of_api && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if strict {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONE_YEAR));
    }
    Ok(answer)
}
