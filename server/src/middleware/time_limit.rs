//! How long a request may take from its headers to its answer's: a client that trickles its
//! body must not hold a place for ever. Sync has longer: a phone at the edge of signal may
//! send its slices slowly, and each is kept as it comes. So have a courier, and an export, which
//! is written whole before it is answered.

use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorRequestTimeout;
use actix_web::middleware::Next;
use actix_web::rt::time::timeout;

const USUAL: Duration = Duration::from_secs(30);
const SYNC: Duration = Duration::from_secs(15 * 60);
/// Bodies that are read as they come.
pub const PIECE_BY_PIECE: [&str; 2] = ["/api/v1/sync", "/api/v1/courier"];
const EXPORT: Duration = Duration::from_secs(5 * 60);
const EXPORT_PATHS: &str = "/api/v1/desk/export/";

/// Wraps the app and gives up on slow requests.
///
/// # Errors
/// 408 when the time is over.
pub async fn limit_time<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let limit = match request.path() {
        path if PIECE_BY_PIECE.contains(&path) => SYNC,
        path if path.starts_with(EXPORT_PATHS) => EXPORT,
        _ => USUAL,
    };
    match timeout(limit, next.call(request)).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(ErrorRequestTimeout(elapsed)),
    }
}
