//! The whole API on one page. Every other address is a file of the two web apps.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse};

use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::middleware::errors::write_errors;
use crate::middleware::headers::add_security_headers;
use crate::middleware::time_limit::limit_time;
use crate::middleware::unread::close_on_unread;
use crate::routes::static_files::WebFolder;
use crate::routes::{courier, desk, desk_sessions, devices, health, sessions, snapshots, sync};

/// Most bytes of a JSON body. Sync reads its own body, slice by slice.
const MAX_JSON_BYTES: usize = 64 * 1024;

/// The app that the server and the tests run.
pub fn app(
    home: web::Data<Home>,
    web_folder: web::Data<WebFolder>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>,
> {
    App::new()
        .app_data(home)
        .app_data(web_folder)
        .app_data(web::JsonConfig::default().limit(MAX_JSON_BYTES))
        .wrap(from_fn(limit_time))
        .wrap(from_fn(write_errors))
        .wrap(from_fn(add_security_headers))
        .wrap(from_fn(close_on_unread))
        .configure(addresses)
}

fn addresses(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(health::get))
        .service(
            web::scope("/api/v1")
                // Phones
                .route("/sessions", web::post().to(sessions::post))
                .route("/sessions/current", web::delete().to(sessions::delete_current))
                .route("/devices/successor", web::post().to(devices::post_successor))
                .route("/sync", web::post().to(sync::post))
                .route("/courier", web::post().to(courier::post))
                .route("/snapshots", web::get().to(snapshots::get))
                // The desk
                .route("/desk/sessions", web::post().to(desk_sessions::post))
                .route("/desk/sessions/current", web::get().to(desk_sessions::get_current))
                .route(
                    "/desk/sessions/current",
                    web::delete().to(desk_sessions::delete_current),
                )
                .route("/desk/events", web::get().to(desk::events::get))
                .route("/desk/morning", web::get().to(desk::morning::get))
                .route("/desk/overview", web::get().to(desk::overview::get))
                .route("/desk/coverage", web::get().to(desk::coverage::get))
                .route("/desk/wall", web::get().to(desk::wall::get))
                .route("/desk/doors", web::get().to(desk::doors::get))
                .route("/desk/visits", web::get().to(desk::visits::get))
                .route("/desk/export/records", web::get().to(desk::export::records))
                .route("/desk/export/conflicts", web::get().to(desk::export::conflicts))
                .route("/desk/export/coverage", web::get().to(desk::export::coverage))
                .route("/desk/export/doors", web::get().to(desk::export::doors))
                .route("/desk/export/visits", web::get().to(desk::export::visits))
                .route("/desk/export/registry", web::get().to(desk::export::registry::get))
                .route("/desk/filters", web::get().to(desk::filters::get))
                .route("/desk/records", web::get().to(desk::records::get))
                .route("/desk/conflicts", web::get().to(desk::conflicts::get))
                .route(
                    "/desk/conflicts/decisions",
                    web::post().to(desk::conflicts::decisions::post),
                )
                .route(
                    "/desk/conflicts/decisions/undo",
                    web::post().to(desk::conflicts::undo::post),
                )
                .route("/desk/duplicates", web::get().to(desk::duplicates::get))
                .route(
                    "/desk/duplicates/decisions",
                    web::post().to(desk::duplicates::decisions::post),
                )
                .route(
                    "/desk/duplicates/decisions/undo",
                    web::post().to(desk::duplicates::decisions::undo),
                )
                .route("/desk/erasures", web::get().to(desk::erasures::get))
                .route("/desk/erasures", web::post().to(desk::erasures::post))
                .route("/desk/settlements", web::get().to(desk::settlements::get))
                .route("/desk/settlements", web::post().to(desk::settlements::post))
                .route("/desk/grids", web::get().to(desk::grids::get))
                .route("/desk/grids/moves", web::post().to(desk::grids::post))
                .route("/desk/held", web::get().to(desk::held::get))
                .route("/desk/held/decisions", web::post().to(desk::held::decisions::post))
                .default_service(web::to(nothing_here)),
        )
        .default_service(web::to(web_file));
}

async fn nothing_here() -> ApiResult<HttpResponse> {
    Err(ApiError::NotFound)
}

async fn web_file(web_folder: web::Data<WebFolder>, request: HttpRequest) -> ApiResult<HttpResponse> {
    web_folder.answer(&request)
}
