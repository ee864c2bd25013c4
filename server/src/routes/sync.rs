//! `POST /api/v1/sync`: one round trip (docs/protocol.md section 5). The body is read as it
//! comes and each slice committed as it arrives; of one that is not whole yet its beginning is kept,
//! so that a broken connection costs little. Refuses before it reads more than the limits allow, and
//! has room in memory for what it reads next before it reads it.

use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::FutureExt;
use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::ids::{DeviceId, Hash, Seq};
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::wire::{
    MAX_HEADER_BYTES, MAX_SLICE_COMPRESSED, MAX_SLICE_INFLATED, MAX_SLICES, OLDEST_PROTOCOL, PROTOCOL, SliceRefusal,
    UpHeader, lines,
};

use sha2::{Digest, Sha256};

use super::pieces::Pieces;
use crate::auth::{PhoneSession, enrolment};
use crate::clock;
use crate::config::Patience;
use crate::error::{ApiError, ApiResult};
use crate::home::{Home, community};
use crate::limits::memory::Whose;
use crate::middleware::Language;
use crate::store::community::StoreError;
use crate::sync::answer::{Asked, answer_telling};
use crate::sync::members::{Limits, MemberError, Members};
use crate::sync::unfinished::Beginning;
use crate::sync::{
    Community, Contact, RECEIPTS_MEMBER, Refusal, ShownReceipt, Slice, SliceOutcome, Standing, Taken, read_receipts,
};

const GZIP: &str = "application/gzip";
const PHONE: &str = "Menpai-Phone";
const HEADER_LIMITS: Limits = Limits {
    compressed: MAX_HEADER_BYTES,
    inflated: MAX_HEADER_BYTES,
};
const SLICE_LIMITS: Limits = Limits {
    compressed: MAX_SLICE_COMPRESSED,
    inflated: MAX_SLICE_INFLATED,
};
/// Room in memory for a member while it is read and inflated, and for what is made of it.
const HEADER_ROOM: usize = 2 * MAX_HEADER_BYTES;
const SLICE_ROOM: usize = 2 * MAX_SLICE_INFLATED + MAX_SLICE_COMPRESSED;
/// What is read and thrown away after a refusal, so that the client can hear the answer.
const MOST_DRAINED_BYTES: usize = (MAX_SLICES + 1) * MAX_SLICE_COMPRESSED;

/// One round trip: what a phone has goes up, what it lacks comes down.
///
/// # Errors
/// `wrong_device`, `unknown_community`, `unreadable_request`, `too_large`, `protocol_not_supported`: the
/// request as a whole cannot be taken. What is wrong with a slice, the answer says.
#[utoipa::path(
    post,
    path = "/sync",
    request_body(content = crate::openapi::UpBody, content_type = "application/gzip"), responses((status = 200, body = crate::openapi::DownBody, content_type = "application/gzip", description = "What the phone lacks; slices that were not taken are named in the header"))
)]
pub async fn post(
    home: web::Data<Home>,
    session: PhoneSession,
    patience: Option<web::Data<Patience>>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if content_type != Some(GZIP) {
        return Err(ApiError::unreadable(format!("Content-Type must be {GZIP}")));
    }
    let patience = patience.map_or_else(Patience::default, |patience| **patience);
    let mut room = home.limiter.bodies.room(Whose::Known);
    room.grow_to(HEADER_ROOM).await?;
    let mut body = Body::new(Pieces::new(payload, patience.piece));
    let header = match body.header().await {
        Ok(header) => header,
        Err(error) => {
            body.drain().await;
            return Err(error);
        }
    };
    if let Err(error) = session.signed_hash(body.header_hash()) {
        body.drain().await;
        return Err(error);
    }
    let received_ms = clock::now_ms();
    let contact = Contact {
        received_ms,
        offset_ms: received_ms.saturating_sub(header.clock.unix_ms),
        last: Some(header.last),
    };
    let jumps = ClockJumps::from(header.jumps.clone());
    let code = header.community.unwrap_or(session.community);
    let community = community(&home, code).await;
    if code != session.community || header.device.is_some_and(|device| device != session.device) {
        body.drain().await;
        // A community that this home has not is told first: the client may have moved.
        community?;
        return Err(ApiError::WrongDevice);
    }
    let community = community?;
    if community.directory().device(session.device).is_none() {
        enrolment::make_known(&home, &session).await?;
    }
    let standing = community.directory().standing_of(session.device);
    let contacting = Contacting {
        community,
        device: session.device,
        header: Arc::new(header),
        contact,
        courier_key: home.courier_keys.newest(),
    };
    if contacting.header.is_brief() {
        body.keeper = Some((Arc::clone(&contacting.community), session.device));
    }

    if !body.is_over()
        && let Err(busy) = room.grow_by(SLICE_ROOM).await
    {
        body.drain().await;
        return Err(busy);
    }
    let mut receipts: Option<Vec<ShownReceipt>> = None;
    let mut kept: Vec<Slice> = Vec::new();
    let mut taken: Option<Taken> = None;
    let mut refused: Option<(usize, Refusal)> = None;
    let mut end = None;
    let mut number = 0;
    while let Some(member) = body.member().await? {
        if let Ok(bytes) = &member
            && number == 0
            && receipts.is_none()
            && bytes.starts_with(RECEIPTS_MEMBER)
        {
            // One that cannot be read says nothing; the slices are judged as they are.
            receipts = Some(read_receipts(bytes).unwrap_or_default());
            body.keeper = None;
            continue;
        }
        number += 1;
        let slice = match member {
            Ok(_) if number > MAX_SLICES => Err(Refusal::TooMany),
            Ok(bytes) => Slice::read(bytes)
                .and_then(|slice| follows(slice, end))
                .map(|slice| slice.with_jumps(&jumps)),
            Err(refusal) => Err(refusal),
        };
        let outcome = match slice {
            Ok(slice) if receipts.is_some() => {
                // What the receipts are about is known only when all of it is here.
                end = Some(slice.last());
                kept.push(slice);
                if let Err(busy) = room.grow_by(SLICE_ROOM).await {
                    body.drain().await;
                    return Err(busy);
                }
                continue;
            }
            Ok(slice) => {
                let (contacting, is_last) = (contacting.clone(), body.is_over());
                match web::block(move || contacting.take_up(slice, taken, is_last)).await?? {
                    Taking::Answered(bytes) => return Ok(gzip(bytes, standing)),
                    Taking::Taken(taken) => Ok(taken),
                    Taking::Refused(refusal) => Err(refusal),
                }
            }
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(now) => (taken, end) = (Some(now), Some(now.end.seq)),
            Err(refusal) => {
                refused = Some((number, refusal));
                body.drain().await;
                break;
            }
        }
    }
    if let Some(receipts) = receipts.filter(|_| !kept.is_empty()) {
        let Contacting { community, device, .. } = contacting.clone();
        let refilled = web::block(move || community.refill(device, receipts, kept, contact)).await??;
        taken = refilled.taken;
        refused = refilled.refused.or(refused);
    }
    // What a restored or cloned phone says of its log is not about the one that is here.
    let is_another = matches!(refused, Some((_, Refusal::BrokenChain)));
    let language = Language::of(request.headers());
    let refused = refused.map(|(number, refusal)| in_words(number, refusal, language));

    if (taken.is_none() || refused.is_some()) && !is_another {
        contacting.community.note_contact(session.device, contact);
    }
    let bytes = web::block(move || contacting.answer(taken, refused)).await??;
    Ok(gzip(bytes, standing))
}

fn gzip(body: Vec<u8>, standing: Standing) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.content_type(GZIP);
    tell_standing(&mut answer, standing);
    answer.body(body)
}

/// A stopped phone is told so in a header: it may be of a version that knows no other word.
pub(super) fn tell_standing(answer: &mut HttpResponseBuilder, standing: Standing) {
    match standing {
        Standing::Known => {}
        Standing::Stopped => drop(answer.insert_header((PHONE, "stopped"))),
        Standing::Lost => drop(answer.insert_header((PHONE, "lost"))),
    }
}

/// A phone that is in contact with its community.
#[derive(Clone)]
struct Contacting {
    community: Arc<Community>,
    device: DeviceId,
    header: Arc<UpHeader>,
    contact: Contact,
    courier_key: PublicKey,
}

/// What became of a slice.
enum Taking {
    /// It was the last one, and is answered.
    Answered(Vec<u8>),
    Taken(Taken),
    Refused(Refusal),
}

impl Contacting {
    /// Takes up one slice after those before, and answers at once where it is the last: every
    /// change of the thread costs as much as a dozen rows.
    fn take_up(&self, slice: Slice, before: Option<Taken>, is_last: bool) -> Result<Taking, StoreError> {
        let slice = self.community.with_beginning(self.device, slice);
        let first = slice.line.begins();
        let taken = match self.community.ingest(self.device, slice, self.contact)? {
            SliceOutcome::Taken { end, dating, .. } => Taken::after(before, first, end, dating),
            SliceOutcome::Refused(refusal) => return Ok(Taking::Refused(refusal)),
        };
        if is_last {
            self.answer(Some(taken), None).map(Taking::Answered)
        } else {
            Ok(Taking::Taken(taken))
        }
    }

    fn answer(&self, taken: Option<Taken>, refused: Option<SliceRefusal>) -> Result<Vec<u8>, StoreError> {
        let asked = Asked {
            device: self.device,
            header: &self.header,
            now_ms: self.contact.received_ms,
            offset_ms: self.contact.offset_ms,
            taken,
            refused,
        };
        answer_telling(&self.community, asked, Some(self.courier_key.clone()))
    }
}

/// The slices of one request continue each other: its one receipt covers them all.
fn follows(slice: Slice, end: Option<Seq>) -> Result<Slice, Refusal> {
    match end {
        Some(end) if slice.line.first != end + 1 => Err(Refusal::Unreadable),
        _ => Ok(slice),
    }
}

/// The body as it arrives.
struct Body {
    pieces: Pieces,
    members: Members,
    piece: web::Bytes,
    read: usize,
    /// Over the bytes of the first member, while it is read.
    header: Sha256,
    in_header: bool,
    /// Where the beginnings of unfinished slices are kept, and whose.
    keeper: Option<(Arc<Community>, DeviceId)>,
}

impl Body {
    fn new(pieces: Pieces) -> Body {
        Body {
            pieces,
            members: Members::new(HEADER_LIMITS),
            piece: web::Bytes::new(),
            read: 0,
            header: Sha256::new(),
            in_header: true,
            keeper: None,
        }
    }

    /// The first member: one line.
    async fn header(&mut self) -> ApiResult<UpHeader> {
        let member = match self.member().await? {
            Some(Ok(member)) => member,
            Some(Err(Refusal::TooLarge)) => return Err(ApiError::TooLarge),
            _ => return Err(ApiError::unreadable("header: not a gzip member")),
        };
        self.members.set_limits(SLICE_LIMITS);
        let mut lines = lines(&member).ok_or_else(|| ApiError::unreadable("header: no line"))?;
        let line = lines.next().unwrap_or_default();
        if lines.next().is_some() {
            return Err(ApiError::unreadable("header: more than one line"));
        }
        // The number first: another protocol's header may look otherwise.
        let spoken: Spoken =
            serde_json::from_slice(line).map_err(|error| ApiError::unreadable(format!("header: {error}")))?;
        if !(OLDEST_PROTOCOL..=PROTOCOL).contains(&spoken.menpai) {
            return Err(ApiError::ProtocolNotSupported);
        }
        serde_json::from_slice(line).map_err(|error| ApiError::unreadable(format!("header: {error}")))
    }

    /// The next member; `None` at the end of the body.
    async fn member(&mut self) -> ApiResult<Option<Result<Vec<u8>, Refusal>>> {
        loop {
            let mut input: &[u8] = &self.piece;
            let before = input.len();
            let found = self.members.read(&mut input);
            let taken = self.piece.split_to(before - input.len());
            if self.in_header {
                self.header.update(&taken);
                self.in_header = matches!(found, Ok(None));
            }
            match found {
                Ok(Some(member)) => return Ok(Some(Ok(member))),
                Err(MemberError::TooLarge) => return Ok(Some(Err(Refusal::TooLarge))),
                Err(MemberError::NotGzip) => return Ok(Some(Err(Refusal::Unreadable))),
                Ok(None) => {}
            }
            // Its connection may be dead already, and its phone about to ask through another.
            if let Some((community, device)) = &self.keeper
                && let Some(beginning) = Beginning::read(self.members.unfinished())
            {
                community.unfinished().keep(*device, beginning);
            }
            if !self.next_piece().await? {
                let whole = self.members.between_members();
                return Ok(if whole { None } else { Some(Err(Refusal::Unreadable)) });
            }
        }
    }

    /// Of the first member as it came: what its phone signed. Slices are signed by themselves.
    fn header_hash(&self) -> Hash {
        Hash(self.header.clone().finalize().into())
    }

    /// Whether all of the body is here and read, as far as that can be said without waiting.
    fn is_over(&mut self) -> bool {
        self.piece.is_empty() && matches!(self.next_piece().now_or_never(), Some(Ok(false)))
    }

    async fn next_piece(&mut self) -> ApiResult<bool> {
        let Some(piece) = self.pieces.next().await? else {
            return Ok(false);
        };
        self.read += piece.len();
        self.piece = piece;
        Ok(true)
    }

    /// Reads on without looking, up to a limit: a client still sending would not hear us.
    async fn drain(&mut self) {
        while self.read < MOST_DRAINED_BYTES && matches!(self.next_piece().await, Ok(true)) {}
    }
}

#[derive(serde::Deserialize)]
struct Spoken {
    menpai: u32,
}

fn in_words(slice: usize, refusal: Refusal, language: Language) -> SliceRefusal {
    let [(zh, zh_next), (en, en_next)] = match refusal {
        Refusal::BadSignature => [
            (
                "这一批记录的签名与登记的手机不符。",
                "请重新登录登记这部手机；记录仍在手机上。",
            ),
            (
                "The signature does not fit this phone's registered key.",
                "Sign in again; the records are still on the phone.",
            ),
        ],
        Refusal::BrokenChain => [
            (
                "这部手机的记录与服务器上的接不上，手机可能从备份恢复过。",
                "不用操作：手机会自己登记成一部新手机，没上传的记录会再发一次。",
            ),
            (
                "This phone's log does not continue what the server has; it may have been restored or cloned.",
                "Nothing to do: the phone registers itself as a new one and sends again what was not uploaded.",
            ),
        ],
        Refusal::PreviousUnknown => [
            (
                "服务器不知道这部手机前面的记录到哪里了，请手机说全。",
                "再同步一次；记录仍在手机上。",
            ),
            (
                "The server does not know what comes before this batch; the phone is to say it.",
                "Sync again; the records are still on the phone.",
            ),
        ],
        Refusal::Unreadable => [
            ("这一批记录读不出来。", "请更新应用后再同步；记录仍在手机上。"),
            (
                "This batch cannot be read.",
                "Update the app and sync again; the records are still on the phone.",
            ),
        ],
        Refusal::TooLarge => [
            ("这一批记录超过大小限制。", "请更新应用后再同步；记录仍在手机上。"),
            (
                "This batch is over the size limit.",
                "Update the app and sync again; the records are still on the phone.",
            ),
        ],
        Refusal::TooMany => [
            ("一次同步的批次太多。", "余下的会在下次同步时发送。"),
            ("Too many batches in one sync.", "The rest goes with the next sync."),
        ],
    };
    let (message, next) = match language {
        Language::Zh => (zh, zh_next),
        Language::En => (en, en_next),
    };
    SliceRefusal {
        slice,
        code: refusal.code(),
        message: message.to_owned(),
        next: next.to_owned(),
    }
}
