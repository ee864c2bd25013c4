//! Cookies travel by themselves, so what changes something at the desk must come from the
//! desk's own page: browsers say where a request comes from, and anything else is refused.
//! Every handler that takes a [`super::DeskSession`] is guarded by it.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};

use crate::error::{ApiError, ApiResult};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Demands that a changing request comes from this site.
///
/// # Errors
/// [`ApiError::NotAllowed`] if it comes from elsewhere or does not say.
pub fn check_origin(request: &HttpRequest) -> ApiResult<()> {
    if request.method().is_safe() {
        return Ok(());
    }
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header(SEC_FETCH_SITE).is_some_and(|site| site != "same-origin") {
        return Err(ApiError::NotAllowed);
    }
    let scheme = if request.app_config().secure() { "https" } else { "http" };
    let own = header(HOST).map(|host| format!("{scheme}://{host}"));
    match (header(ORIGIN), own) {
        (Some(origin), Some(own)) if origin.eq_ignore_ascii_case(&own) => Ok(()),
        _ => Err(ApiError::NotAllowed),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_change_comes_from_the_page_itself() {
        let post = || TestRequest::post().insert_header((HOST, "127.0.0.1:8080"));
        assert!(
            check_origin(
                &post()
                    .insert_header((ORIGIN, "http://127.0.0.1:8080"))
                    .to_http_request()
            )
            .is_ok()
        );
        assert!(
            check_origin(
                &post()
                    .insert_header((ORIGIN, "http://127.0.0.1:9090"))
                    .to_http_request()
            )
            .is_err()
        );
        for (site, allowed) in [("same-origin", true), ("same-site", false), ("cross-site", false)] {
            let request = post()
                .insert_header((ORIGIN, "http://127.0.0.1:8080"))
                .insert_header((SEC_FETCH_SITE, site));
            assert_eq!(check_origin(&request.to_http_request()).is_ok(), allowed, "{site}");
        }
        assert!(check_origin(&post().insert_header((ORIGIN, "null")).to_http_request()).is_err());
        assert!(check_origin(&post().to_http_request()).is_err());
        assert!(check_origin(&TestRequest::get().to_http_request()).is_ok());
    }
}
