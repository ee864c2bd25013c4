//! Gives every refusal of the API its one shape, `{code, message, next, details}`, in the
//! client's language. Unknown failures become `internal` here and are logged here, once.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{JsonPayloadError, PayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, HeaderMap, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};

use super::Language;
use crate::error::ApiError;

/// Wraps the app: successes pass untouched, refusals get their body.
///
/// # Errors
/// Those of middleware further in; handlers' errors are answers by then.
pub async fn write_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let status = answer.status();
    let error = match answer.response().error() {
        Some(error) => known(error),
        None if is_bare_refusal(&answer) => ApiErrorRef::Made(of_status(status)),
        None => return Ok(answer),
    };
    if let ApiError::Internal(cause) = &*error {
        tracing::error!(method = %answer.request().method(), path = answer.request().path(), %cause, "request failed");
    }
    let response = body(&error, answer.request().headers());
    drop(error);
    Ok(answer.into_response(response))
}

/// actix's own refusals, such as of a method, come without a body.
fn is_bare_refusal(answer: &ServiceResponse<BoxBody>) -> bool {
    let status = answer.status();
    (status.is_client_error() || status.is_server_error())
        && matches!(answer.response().body().size(), BodySize::None | BodySize::Sized(0))
}

/// The answer for an error, in the language of the request's headers.
#[must_use]
pub fn body(error: &ApiError, headers: &HeaderMap) -> HttpResponse {
    let [zh, en] = error.sentences();
    let (tag, (message, next)) = match Language::of(headers) {
        Language::Zh => ("zh", zh),
        Language::En => ("en", en),
    };
    let mut answer = HttpResponse::build(error.status_code());
    answer
        .insert_header((CONTENT_LANGUAGE, tag))
        .insert_header((CACHE_CONTROL, "no-store"));
    if let ApiError::TooManyRequests(seconds) | ApiError::Busy(seconds) = error {
        answer.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    answer.json(serde_json::json!({
        "code": error.code(), "message": message, "next": next, "details": error.details(),
    }))
}

/// Finds the API error inside actix's; its own refusals are translated by status.
fn known(error: &Error) -> ApiErrorRef<'_> {
    if let Some(ours) = error.as_error::<ApiError>() {
        return ApiErrorRef::Ours(ours);
    }
    if let Some(error) = error.as_error::<JsonPayloadError>() {
        return ApiErrorRef::Made(match error {
            JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => ApiError::TooLarge,
            JsonPayloadError::Deserialize(cause) => ApiError::unreadable(cause.to_string()),
            JsonPayloadError::ContentType => ApiError::unreadable("Content-Type must be application/json"),
            _ => ApiError::unreadable("body"),
        });
    }
    if let Some(PayloadError::Overflow) = error.as_error::<PayloadError>() {
        return ApiErrorRef::Made(ApiError::TooLarge);
    }
    let status = error.as_response_error().status_code();
    ApiErrorRef::Made(if status.is_server_error() {
        ApiError::internal(error.to_string())
    } else {
        of_status(status)
    })
}

enum ApiErrorRef<'a> {
    Ours(&'a ApiError),
    Made(ApiError),
}

impl std::ops::Deref for ApiErrorRef<'_> {
    type Target = ApiError;
    fn deref(&self) -> &ApiError {
        match self {
            ApiErrorRef::Ours(error) => error,
            ApiErrorRef::Made(error) => error,
        }
    }
}

fn of_status(status: StatusCode) -> ApiError {
    match status {
        StatusCode::UNAUTHORIZED => ApiError::NotSignedIn,
        StatusCode::FORBIDDEN => ApiError::NotAllowed,
        // A wrong method is an address that does not exist: the API has no other code for it.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ApiError::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => ApiError::TooManyRequests(5),
        status if status.is_client_error() => ApiError::unreadable(status.to_string()),
        status => ApiError::internal(status.to_string()),
    }
}
