//! A phone comes in with an invitation (docs/protocol.md section 10): it looks whose it is to be, begins,
//! and shows its key until somebody at the desk has compared six digits. Nothing is registered before.

use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, LogId, WorkerId, hex, unhex};
use menpai_sync_core::signature::{PublicKey, Signature};
use serde::{Deserialize, Deserializer, Serialize};

use crate::auth::address_of;
use crate::auth::enrolment::{self, Phone, Showing};
use crate::auth::invitation::InvitationCode;
use crate::divisions::community_name;
use crate::error::{ApiError, ApiResult};
use crate::home::{Home, community};
use crate::store::node::{Account, EnrolmentState};

/// What a phone was given.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnrolmentLook)]
pub struct Looked {
    /// Nine digits.
    #[schema(value_type = String)]
    code: InvitationCode,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentWorker)]
struct Worker {
    #[schema(value_type = crate::openapi::Id)]
    id: WorkerId,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentCommunity)]
struct Community {
    #[schema(value_type = crate::openapi::CommunityCode)]
    code: CommunityCode,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentInvited)]
struct Invited {
    worker: Worker,
    community: Community,
}

impl Invited {
    async fn of(home: &Home, account: Account) -> ApiResult<Invited> {
        let code = account.community;
        let name = home.node(move |node| community_name(node, code)).await?;
        Ok(Invited {
            worker: Worker {
                id: account.worker,
                name: account.display_name,
            },
            community: Community { code, name },
        })
    }
}

/// For whom an invitation is; nothing is used up.
///
/// # Errors
/// `no_invitation`, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/enrolments/look",
    request_body = Looked, responses((status = 200, body = Invited, description = "Whose phone it is to be"))
)]
pub async fn look(home: web::Data<Home>, request: HttpRequest, body: web::Json<Looked>) -> ApiResult<HttpResponse> {
    let (from, code) = (address_of(&request), body.into_inner().code);
    let here = home.clone();
    let invitation = web::block(move || enrolment::look(&here, &code, from)).await??;
    Ok(HttpResponse::Ok().json(Invited::of(&home, invitation.account).await?))
}

/// What a phone commits itself to.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnrolmentBegin)]
pub struct Begun {
    /// Nine digits.
    #[schema(value_type = String)]
    code: InvitationCode,
    #[schema(value_type = crate::openapi::Id)]
    device: DeviceId,
    #[serde(deserialize_with = "bytes_32")]
    #[schema(value_type = crate::openapi::Hash)]
    commitment: [u8; 32],
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentBegins)]
struct Begins {
    worker: Worker,
    community: Community,
    /// The home's random number.
    nonce: String,
    home: HomeKey,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentHomeKey)]
struct HomeKey {
    #[schema(value_type = crate::openapi::PublicKey)]
    public_key: PublicKey,
}

/// A phone takes an invitation up.
///
/// The same again is answered the same.
///
/// # Errors
/// `no_invitation`, `wrong_device` for another worker's phone, `device_stopped`, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/enrolments/begin",
    request_body = Begun, responses((status = 200, body = Begins, description = "Begun"))
)]
pub async fn begin(home: web::Data<Home>, request: HttpRequest, body: web::Json<Begun>) -> ApiResult<HttpResponse> {
    let from = address_of(&request);
    let Begun {
        code,
        device,
        commitment,
    } = body.into_inner();
    let public_key = home.receipt_key.public_key();
    let here = home.clone();
    let begun = web::block(move || enrolment::begin(&here, &code, device, Hash(commitment), from));
    let (invitation, enrolment) = begun.await??;
    let Invited { worker, community } = Invited::of(&home, invitation.account).await?;
    Ok(HttpResponse::Ok().json(Begins {
        worker,
        community,
        nonce: hex(&enrolment.nonce),
        home: HomeKey { public_key },
    }))
}

/// What a phone shows.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnrolmentShow)]
pub struct Shown {
    device: Device,
    /// The phone's random number.
    #[serde(deserialize_with = "bytes_32")]
    #[schema(value_type = crate::openapi::Hash)]
    nonce: [u8; 32],
    signature: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnrolmentDevice)]
struct Device {
    #[schema(value_type = crate::openapi::Id)]
    id: DeviceId,
    #[schema(value_type = crate::openapi::PublicKey)]
    public_key: PublicKey,
    #[serde(default)]
    name: String,
    /// The device that it was until it was stopped.
    #[schema(value_type = Option<crate::openapi::Id>)]
    replaces: Option<DeviceId>,
}

/// How a phone stands: `shown` while somebody is to compare, then `confirmed`, with all that it is to know.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentStands)]
struct Stands {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<Worker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<Community>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<HomeFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceOnly>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentHomeFacts)]
struct HomeFacts {
    #[schema(value_type = crate::openapi::Id)]
    log: LogId,
    #[schema(value_type = crate::openapi::PublicKey)]
    public_key: PublicKey,
    #[schema(value_type = crate::openapi::PublicKey)]
    courier_key: PublicKey,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EnrolmentDeviceOnly)]
struct DeviceOnly {
    #[schema(value_type = crate::openapi::Id)]
    id: DeviceId,
}

/// A phone shows its key, and asks how it stands.
///
/// Asked again until it is `confirmed`.
///
/// # Errors
/// `no_invitation` once it is over, `enrolment_refused`, `device_key_differs`, `wrong_device`.
#[utoipa::path(
    post,
    path = "/enrolments/show",
    request_body = Shown, responses((status = 200, body = Stands, description = "How it stands"))
)]
pub async fn show(home: web::Data<Home>, body: web::Json<Shown>) -> ApiResult<HttpResponse> {
    let Shown {
        device,
        nonce,
        signature,
    } = body.into_inner();
    let signature: Signature = signature.parse().map_err(|_| ApiError::unreadable("signature"))?;
    let id = device.id;
    let showing = Showing {
        phone: Phone {
            device: id,
            public_key: device.public_key,
            name: device.name,
            replaces: device.replaces,
        },
        nonce,
        signature,
    };
    let shows = home.clone();
    match web::block(move || enrolment::show(&shows, showing)).await?? {
        enrolment::Stands::Shown => Ok(HttpResponse::Ok().json(Stands {
            state: EnrolmentState::Shown.name(),
            worker: None,
            community: None,
            home: None,
            device: None,
        })),
        enrolment::Stands::Confirmed(account) => enrolled(&home, *account, id).await,
    }
}

async fn enrolled(home: &web::Data<Home>, account: Account, device: DeviceId) -> ApiResult<HttpResponse> {
    let open = community(home, account.community).await?;
    let Invited { worker, community } = Invited::of(home, account).await?;
    Ok(HttpResponse::Ok().json(Stands {
        state: EnrolmentState::Confirmed.name(),
        worker: Some(worker),
        community: Some(community),
        home: Some(HomeFacts {
            log: open.identity().log,
            public_key: home.receipt_key.public_key(),
            courier_key: home.courier_keys.newest(),
        }),
        device: Some(DeviceOnly { id: device }),
    }))
}

fn bytes_32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = unhex(&text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| serde::de::Error::custom("not 32 bytes in hexadecimal"))
}
