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
/// None: what fails inside is answered.
pub async fn write_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let head = request.request().clone();
    let answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => return Ok(ServiceResponse::new(head.clone(), write(&known(&error), &head))),
    };
    if let Some(error) = answer.response().error() {
        let response = write(&known(error), &head);
        return Ok(answer.into_response(response));
    }
    let status = answer.status();
    let bare = matches!(answer.response().body().size(), BodySize::None | BodySize::Sized(0));
    if (status.is_client_error() || status.is_server_error()) && bare {
        let response = write(&of_status(status), &head);
        return Ok(answer.into_response(response));
    }
    Ok(answer)
}

fn write(error: &ApiError, head: &actix_web::HttpRequest) -> HttpResponse {
    if let ApiError::Internal(cause) = error {
        tracing::error!(method = %head.method(), path = head.path(), %cause, "request failed");
    }
    body(error, head.headers())
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
    if let ApiError::TooManyRequests(seconds) = error {
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
