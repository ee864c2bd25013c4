//! Who asks with a phone: every request is signed by the phone's own key, and counts once, within
//! minutes of the home's clock ([`super::signed_request`]). There is no token that could be stolen, and
//! nothing that ends by itself: a phone is known until the office stops it.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, WorkerId, hex};
use menpai_sync_core::signature::PublicKey;

use super::admit::put_down;
use super::replays::Unfit;
use super::signed_request::Signed;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::signing;
use crate::store::node;
use crate::sync::Standing;

/// Who asks, with which phone.
#[derive(Debug, Clone)]
pub struct PhoneSession {
    /// Account name.
    pub account: String,
    /// The worker its entries must name.
    pub worker: WorkerId,
    /// The person's name.
    pub worker_name: String,
    /// The community it belongs to.
    pub community: CommunityCode,
    /// The device.
    pub device: DeviceId,
    /// What of the body was signed.
    content: Option<Hash>,
}

impl PhoneSession {
    /// The phone that signed a request.
    pub(super) async fn of(request: &HttpRequest) -> ApiResult<PhoneSession> {
        let text = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (signed, signature) = text.and_then(Signed::from_text).ok_or(ApiError::NotSignedIn)?;
        let home = home_of(request)?;
        let now_ms = clock::now_ms();
        home.replays
            .is_now(signed.time_ms, now_ms)
            .map_err(|unfit| refusal(unfit, now_ms))?;
        let method = request.method().as_str().to_owned();
        let address = request
            .uri()
            .path_and_query()
            .map_or("/", |address| address.as_str())
            .to_owned();
        let found = home
            .node(move |node| {
                node.read(|connection| {
                    let Some(phone) = node::find_phone_device(connection, signed.device)? else {
                        return Ok(None);
                    };
                    let key: Option<PublicKey> = hex(&phone.public_key).parse().ok();
                    let message = signed.message(phone.community, &method, &address);
                    if key.is_some_and(|key| signing::fits(&key, &message, &signature)) {
                        node::find_account(connection, &phone.account)
                    } else {
                        Ok(None)
                    }
                })
            })
            .await?;
        let account = found.ok_or(ApiError::NotSignedIn)?;
        home.replays
            .take(&signed, now_ms)
            .map_err(|unfit| refusal(unfit, now_ms))?;
        Ok(PhoneSession {
            account: account.name,
            worker: account.worker,
            worker_name: account.display_name,
            community: account.community,
            device: signed.device,
            content: signed.content,
        })
    }

    /// Refuses a phone that the office has stopped.
    pub(super) async fn check_not_stopped(&self, request: &HttpRequest) -> ApiResult<()> {
        let stopped = match home::community(home_of(request)?, self.community).await {
            Ok(community) => community.directory().standing_of(self.device) != Standing::Known,
            Err(ApiError::UnknownCommunity) => false,
            Err(error) => return Err(error),
        };
        if stopped { Err(ApiError::DeviceStopped) } else { Ok(()) }
    }

    /// Demands that this is what was signed.
    ///
    /// # Errors
    /// `unreadable_request`: somebody changed it on its way.
    pub fn signed(&self, content: &[u8]) -> ApiResult<()> {
        self.signed_hash(Hash::of(content))
    }

    /// Demands that what has this hash is what was signed.
    ///
    /// # Errors
    /// `unreadable_request`.
    pub fn signed_hash(&self, content: Hash) -> ApiResult<()> {
        if self.content == Some(content) {
            return Ok(());
        }
        Err(ApiError::unreadable("the body is not what was signed"))
    }
}

fn home_of(request: &HttpRequest) -> ApiResult<&web::Data<Home>> {
    request
        .app_data::<web::Data<Home>>()
        .ok_or_else(|| ApiError::internal("no home in the app"))
}

fn refusal(unfit: Unfit, now_ms: i64) -> ApiError {
    match unfit {
        Unfit::Clock => ApiError::ClockOff(now_ms),
        Unfit::Again => ApiError::RequestRepeated,
        Unfit::TooMany => ApiError::TooManyRequests(60),
    }
}

impl FromRequest for PhoneSession {
    type Error = ApiError;
    type Future = Ready<ApiResult<PhoneSession>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(put_down(request))
    }
}
