//! `POST /api/v1/courier`: a colleague's phone brings what another could not send
//! (docs/protocol.md section 18). It learns that it arrived and nothing else. Refuses what is
//! for another community or another home; the courier keeps that.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{MAX_SLICE_INFLATED, MAX_SLICES, OLDEST_PROTOCOL, PROTOCOL};
use serde::{Deserialize, Serialize};

use super::pieces::Pieces;
use crate::auth::PhoneSession;
use crate::clock;
use crate::config::Patience;
use crate::error::{ApiError, ApiResult};
use crate::home::{Home, community};
use crate::limits::memory::Whose;
use crate::packet::{MAX_PACKET_BYTES, Packet, PacketError};
use crate::sync::{Carried, Delivery};

const OCTETS: &str = "application/octet-stream";
/// Most bytes of the line before the packet.
const MAX_LINE_BYTES: usize = 1_024;

/// What the courier's phone says of both its clock readings.
#[derive(Deserialize)]
struct DeliveryLine {
    menpai: u32,
    clock: Instant,
    handed: Instant,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CourierArrived)]
struct Arrived {
    #[schema(value_type = crate::openapi::Instant)]
    arrived: Instant,
}

/// A phone brings what a colleague sealed; it learns that it arrived and nothing else.
///
/// # Errors
/// `packet_unreadable`, `packet_elsewhere`, `packet_refused`, and those of every request.
#[utoipa::path(
    post,
    path = "/courier",
    request_body(content = crate::openapi::PacketBody, content_type = "application/octet-stream"), responses((status = 200, body = Arrived, description = "It arrived"))
)]
pub async fn post(
    home: web::Data<Home>,
    session: PhoneSession,
    request: HttpRequest,
    patience: Option<web::Data<Patience>>,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let content_type = request.headers().get(CONTENT_TYPE);
    if content_type.and_then(|value| value.to_str().ok()) != Some(OCTETS) {
        return Err(ApiError::unreadable(format!("Content-Type must be {OCTETS}")));
    }
    let patience = patience.map_or_else(Patience::default, |patience| **patience);
    let mut room = home.limiter.bodies.room(Whose::Known);
    room.grow_to(2 * (MAX_LINE_BYTES + MAX_PACKET_BYTES)).await?;
    let mut pieces = Pieces::new(payload, patience.piece);
    let body = pieces.all(MAX_LINE_BYTES + MAX_PACKET_BYTES).await?;
    session.signed(&body)?;
    let received_ms = clock::now_ms();
    let start = &body[..body.len().min(MAX_LINE_BYTES)];
    let end = start.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| ApiError::unreadable("line: none"))?;
    let line: DeliveryLine =
        serde_json::from_slice(&body[..end]).map_err(|error| ApiError::unreadable(format!("line: {error}")))?;
    if !(OLDEST_PROTOCOL..=PROTOCOL).contains(&line.menpai) {
        return Err(ApiError::ProtocolNotSupported);
    }
    let offset_ms = received_ms.saturating_sub(line.clock.unix_ms);
    let delivery = Delivery {
        received_ms,
        handed_ms: line.handed.unix_ms.saturating_add(offset_ms),
    };
    let community = community(&home, session.community).await?;
    // Opened it is as long again, and inflated up to all that a request may bring.
    room.grow_by(MAX_PACKET_BYTES + MAX_SLICES * MAX_SLICE_INFLATED).await?;
    let taken = web::block(move || {
        let packet = Packet::read(&body[end + 1..])?;
        let device = packet.clear.device;
        if packet.clear.community != session.community {
            return Err(ApiError::PacketElsewhere);
        }
        let content = packet.open(&home.courier_keys)?;
        let carried = Carried::read(&content).map_err(ApiError::PacketRefused)?;
        Ok(community.take_carried(device, carried, delivery)?)
    });
    match taken.await??.refused {
        Some((_, refusal)) => Err(ApiError::PacketRefused(refusal)),
        None => Ok(HttpResponse::Ok().json(Arrived {
            arrived: Instant::utc(received_ms),
        })),
    }
}

impl From<PacketError> for ApiError {
    fn from(error: PacketError) -> ApiError {
        match error {
            PacketError::Unreadable => ApiError::PacketUnreadable,
            PacketError::Elsewhere => ApiError::PacketElsewhere,
        }
    }
}
