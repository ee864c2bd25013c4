//! The whole API on one page, with who gets in. Every other address is a file of the two web apps.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard::fn_guard;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse, Scope};

use crate::auth::admit::Guard::{self, AnyDevice, Anyone, Device, May, MaySomewhere, SignedIn};
use crate::auth::admit::admit;
use crate::connections::take_turns;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::middleware::errors::write_errors;
use crate::middleware::headers::add_security_headers;
use crate::middleware::time_limit::limit_time;
use crate::middleware::unread::close_on_unread;
use crate::rights::Action::{
    Decide, Erase, Export, ExportRegistry, InvitePhones, ManageStaff, Organise, RevealIdNumber, Review, SeeAudit,
    SeeDoors, SeeFigures, SeeIdNumbers, SeeRecords, SeeStreet, SeeVisits, Settle,
};
use crate::routes::static_files::WebFolder;
use crate::routes::{
    courier, desk, desk_sessions, desk_sign_in, devices, enrolments, health, leases, reference, snapshots, sync,
};

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
        .wrap(from_fn(limit_time))
        .wrap(from_fn(write_errors))
        .wrap(from_fn(add_security_headers))
        .wrap(from_fn(close_on_unread))
        .wrap(from_fn(take_turns))
        .configure(addresses)
}

/// One address of the API.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `get`, `post` …
    pub method: &'static str,
    /// Below `/api/v1`.
    pub path: &'static str,
    /// Who gets in.
    pub guard: Guard,
}

macro_rules! routes {
    ($($method:ident $path:literal => $($handler:ident)::+, $guard:expr;)*) => {
        /// All of them; a test asks each as every role.
        pub const ROUTES: &[Route] = &[$(Route { method: stringify!($method), path: $path, guard: $guard }),*];

        fn add_routes(scope: Scope) -> Scope {
            scope$(.service(
                web::resource($path)
                    .app_data(web::JsonConfig::default().limit($guard.most_json_bytes()))
                    .guard(fn_guard(|context| context.head().method.as_str().eq_ignore_ascii_case(stringify!($method))))
                    .wrap(from_fn(|request, next| admit($guard, request, next)))
                    .route(web::route().to($($handler)::+)),
            ))*
        }

        /// What the handlers say of themselves; `openapi` adds what the table says.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($handler)::+),*), components(schemas(crate::openapi::FileBody)))]
        pub(crate) struct Described;
    };
}

routes! {
    // For whoever writes another client
    get "/openapi.json" => reference::openapi, Anyone;
    // Phones
    post "/enrolments/look" => enrolments::look, Anyone;
    post "/enrolments/begin" => enrolments::begin, Anyone;
    post "/enrolments/show" => enrolments::show, Anyone;
    post "/devices/successor" => devices::post_successor, Device;
    post "/sync" => sync::post, AnyDevice;
    post "/courier" => courier::post, AnyDevice;
    get "/lease" => leases::get, AnyDevice;
    get "/snapshots" => snapshots::get, Device;
    // The desk
    post "/desk/sessions" => desk_sessions::post, Anyone;
    post "/desk/sessions/passkey/begin" => desk_sessions::begin_passkey, Anyone;
    post "/desk/sessions/passkey" => desk_sessions::post_passkey, Anyone;
    get "/desk/sessions" => desk_sessions::get, SignedIn;
    get "/desk/sessions/current" => desk_sessions::get_current, SignedIn;
    delete "/desk/sessions/current" => desk_sessions::delete_current, SignedIn;
    delete "/desk/sessions/{id}" => desk_sessions::delete, SignedIn;
    get "/desk/sign-in" => desk_sign_in::get, SignedIn;
    post "/desk/sign-in/passkeys/begin" => desk_sign_in::passkeys::begin_passkey, SignedIn;
    post "/desk/sign-in/passkeys" => desk_sign_in::passkeys::post_passkey, SignedIn;
    delete "/desk/sign-in/passkeys/{id}" => desk_sign_in::passkeys::delete_passkey, SignedIn;
    post "/desk/sign-in/code/begin" => desk_sign_in::authenticator::begin_code, SignedIn;
    post "/desk/sign-in/code" => desk_sign_in::authenticator::post_code, SignedIn;
    delete "/desk/sign-in/code" => desk_sign_in::authenticator::delete_code, SignedIn;
    post "/desk/sign-in/recovery-codes" => desk_sign_in::authenticator::post_recovery_codes, SignedIn;
    post "/desk/sign-in/password" => desk_sign_in::post_password, SignedIn;
    post "/desk/sign-in/proof/begin" => desk_sign_in::proof::begin_proof, SignedIn;
    post "/desk/sign-in/proof" => desk_sign_in::proof::post_proof, SignedIn;
    get "/desk/events" => desk::events::get, May(SeeFigures);
    get "/desk/morning" => desk::morning::get, May(SeeFigures);
    get "/desk/overview" => desk::overview::get, May(SeeFigures);
    get "/desk/coverage" => desk::coverage::get, May(SeeFigures);
    get "/desk/wall" => desk::wall::get, May(SeeFigures);
    get "/desk/street" => desk::street::get, May(SeeStreet);
    get "/desk/doors" => desk::doors::get, May(SeeDoors);
    get "/desk/chain" => desk::chain::get, May(SeeDoors);
    get "/desk/visits" => desk::visits::get, May(SeeVisits);
    get "/desk/export/records" => desk::export::records, May(Export);
    get "/desk/export/conflicts" => desk::export::conflicts, May(Export);
    get "/desk/export/coverage" => desk::export::coverage, May(Export);
    get "/desk/export/doors" => desk::export::doors, May(Export);
    get "/desk/export/visits" => desk::export::visits, May(Export);
    get "/desk/export/registry" => desk::export::registry::get, May(ExportRegistry);
    get "/desk/filters" => desk::filters::get, May(SeeRecords);
    get "/desk/records" => desk::records::get, May(SeeRecords);
    get "/desk/conflicts" => desk::conflicts::get, May(Review);
    post "/desk/conflicts/decisions" => desk::conflicts::decisions::post, May(Decide);
    post "/desk/conflicts/decisions/undo" => desk::conflicts::undo::post, May(Decide);
    get "/desk/duplicates" => desk::duplicates::get, May(Review);
    post "/desk/duplicates/decisions" => desk::duplicates::decisions::post, May(Decide);
    post "/desk/duplicates/decisions/undo" => desk::duplicates::decisions::undo, May(Decide);
    get "/desk/erasures" => desk::erasures::get, May(Erase);
    post "/desk/erasures" => desk::erasures::post, May(Erase);
    get "/desk/settlements" => desk::settlements::get, May(SeeFigures);
    post "/desk/settlements" => desk::settlements::post, May(Settle);
    get "/desk/grids" => desk::grids::get, May(Organise);
    post "/desk/grids/moves" => desk::grids::post, May(Organise);
    post "/desk/id-numbers/find" => desk::id_numbers::find, May(SeeIdNumbers);
    post "/desk/id-numbers/reveal" => desk::id_numbers::reveal, May(RevealIdNumber);
    get "/desk/audit" => desk::audit::get, May(SeeAudit);
    get "/desk/staff" => desk::staff::get, MaySomewhere(InvitePhones);
    post "/desk/staff/roles" => desk::staff::grant, May(ManageStaff);
    post "/desk/staff/roles/end" => desk::staff::end, May(ManageStaff);
    post "/desk/staff/accounts" => desk::staff::open_account, May(ManageStaff);
    post "/desk/staff/phones/stop" => desk::staff::stop, May(ManageStaff);
    get "/desk/staff/invitations" => desk::invitations::get, MaySomewhere(InvitePhones);
    post "/desk/staff/invitations" => desk::invitations::post, MaySomewhere(InvitePhones);
    post "/desk/staff/invitations/confirm" => desk::invitations::confirm, MaySomewhere(InvitePhones);
    post "/desk/staff/invitations/end" => desk::invitations::end, MaySomewhere(InvitePhones);
    get "/desk/held" => desk::held::get, May(Review);
    post "/desk/held/decisions" => desk::held::decisions::post, May(Decide);
}

fn addresses(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(health::get))
        .configure(reference::addresses)
        .service(add_routes(web::scope("/api/v1")).default_service(web::to(nothing_here)))
        .default_service(web::to(web_file));
}

async fn nothing_here() -> ApiResult<HttpResponse> {
    Err(ApiError::NotFound)
}

async fn web_file(web_folder: web::Data<WebFolder>, request: HttpRequest) -> ApiResult<HttpResponse> {
    web_folder.answer(&request)
}
