//! The door between JavaScript and `menpai-sync-core`: it converts values and nothing else.
//! JSON crosses as text, bytes as `Uint8Array`; whatever goes wrong is an `Error` whose
//! `name` is stable.

mod convert;

use std::sync::Arc;

use js_sys::{Array, Object};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::phone::{EditDraft, Enrolment, PacketDraft, RecordDraft};
use menpai_sync_core::snapshot::Snapshot;
use menpai_sync_core::wire::SliceRefusal;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use convert::{error, from_json, object, random, rows, saved, to_json, to_sign, writes};

/// The version of the core that this module was built from.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// A signature to verify, P-256 over SHA-256.
#[wasm_bindgen]
pub struct ToVerify(menpai_sync_core::signature::ToVerify);

#[wasm_bindgen]
impl ToVerify {
    /// Whose it must be: the uncompressed point, 65 bytes.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.0.key.as_bytes().to_vec()
    }

    /// What it must be over.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        self.0.message.clone()
    }

    /// r ‖ s, 64 bytes.
    #[must_use]
    pub fn signature(&self) -> Vec<u8> {
        self.0.signature.0.to_vec()
    }
}

/// One phone. Every call that changes something returns `writes`: apply them in one durable
/// transaction, or drop this object and open another from the stored rows.
#[wasm_bindgen]
pub struct Phone(menpai_sync_core::phone::Phone);

#[wasm_bindgen]
impl Phone {
    /// Opens a phone from all stored rows: `[store, key, text or bytes][]`.
    pub fn open(stored: &Array) -> Result<Phone, JsValue> {
        let kinds = Kinds::builtin().map_err(|why| error("KindsError", &why))?;
        menpai_sync_core::phone::Phone::open(Arc::new(kinds), rows(stored)?)
            .map(Phone)
            .map_err(|why| error("OpenError", &why))
    }

    /// The kind files, as a JSON array.
    #[must_use]
    pub fn kinds() -> String {
        let files: Vec<&str> = Kinds::builtin_files().iter().map(|(_, text)| *text).collect();
        format!("[{}]", files.join(","))
    }

    /// `PhoneStatus`.
    pub fn status(&self) -> Result<String, JsValue> {
        to_json(&self.0.status())
    }

    /// `Today` as of a moment; the next doors are looked for from the building `from`, if given.
    pub fn today(&self, now: &str, from: Option<String>) -> Result<String, JsValue> {
        let from = from.and_then(|building| building.parse().ok());
        to_json(&self.0.today(convert::instant(now)?, from))
    }

    /// `Building[]` of a grid.
    pub fn buildings(&self, grid: &str, now: &str) -> Result<String, JsValue> {
        let grid = grid.parse().map_err(|why| error("IdError", &why))?;
        to_json(&self.0.buildings(grid, convert::instant(now)?))
    }

    /// `DoorCard` as of a moment.
    pub fn door(&self, dwelling: &str, now: &str) -> Result<String, JsValue> {
        let dwelling = dwelling.parse().map_err(|why| error("IdError", &why))?;
        let card = self.0.door(dwelling, convert::instant(now)?);
        to_json(&card.ok_or_else(|| error("NotFound", &"this phone does not know that door"))?)
    }

    /// `RecordRow[]`, own entries, newest first.
    pub fn records(&self, limit: usize) -> Result<String, JsValue> {
        to_json(&self.0.own_records(limit))
    }

    /// The heads of a part's registry document, as a JSON array: for the self-check.
    pub fn heads(&self, part: &str) -> Result<String, JsValue> {
        let part = part.parse().map_err(|why| error("PartError", &why))?;
        to_json(&self.0.replica().map(|replica| replica.heads(part)).unwrap_or_default())
    }

    /// The digest of what is held of a part: for the self-check.
    pub fn digest(&self, part: &str) -> Result<Option<String>, JsValue> {
        let part = part.parse().map_err(|why| error("PartError", &why))?;
        Ok(self.0.replica().map(|replica| replica.digest(part).to_string()))
    }

    /// Takes up an enrolment.
    pub fn enrol(&mut self, json: &str) -> Result<Array, JsValue> {
        let enrolment: Enrolment = from_json(json)?;
        self.0
            .enrol(enrolment)
            .map(writes)
            .map_err(|why| error("EnrolError", &why))
    }

    /// Compares the phone's clock with one that nobody sets (`performance.now()`): what it writes
    /// down goes with the writes of whatever follows.
    pub fn notice_clock(&mut self, now: &str, monotonic_ms: f64) -> Result<Array, JsValue> {
        let now = convert::instant(now)?;
        Ok(writes(self.0.notice_clock(now, convert::milliseconds(monotonic_ms))))
    }

    /// `Problem[]` of a draft.
    pub fn check(&self, kind: &str, body_json: &str, now: &str) -> Result<String, JsValue> {
        to_json(&self.0.check(kind, &from_json(body_json)?, convert::instant(now)?))
    }

    /// Records something: `{result: SaveResult, writes}`.
    pub fn record(&mut self, json: &str, now: &str, random_bytes: &[u8]) -> Result<Object, JsValue> {
        let draft: RecordDraft = from_json(json)?;
        Ok(saved(self.0.record(
            draft,
            convert::instant(now)?,
            random(random_bytes)?,
        )))
    }

    /// Says an own record anew: `{result: SaveResult, writes}`.
    pub fn correct(&mut self, entry: &str, body_json: &str, now: &str, random_bytes: &[u8]) -> Result<Object, JsValue> {
        let entry = entry.parse().map_err(|why| error("IdError", &why))?;
        Ok(saved(self.0.correct(
            entry,
            from_json(body_json)?,
            convert::instant(now)?,
            random(random_bytes)?,
        )))
    }

    /// Withdraws an own record: `{result: SaveResult, writes}`.
    pub fn retract(&mut self, entry: &str, now: &str, random_bytes: &[u8]) -> Result<Object, JsValue> {
        let entry = entry.parse().map_err(|why| error("IdError", &why))?;
        Ok(saved(self.0.retract(
            entry,
            convert::instant(now)?,
            random(random_bytes)?,
        )))
    }

    /// `TypedIdNumber`: what is wrong with a number, or what it says, and what it is to be sealed to.
    pub fn typed_id_number(&self, text: &str, now: &str) -> Result<String, JsValue> {
        to_json(&self.0.typed_id_number(text, convert::instant(now)?))
    }

    /// Sets registry fields: `{result: SaveResult, writes}`.
    pub fn edit(&mut self, json: &str, now: &str, random_bytes: &[u8]) -> Result<Object, JsValue> {
        let draft: EditDraft = from_json(json)?;
        Ok(saved(self.0.edit(draft, convert::instant(now)?, random(random_bytes)?)))
    }

    /// Whether the caller fetches snapshots.
    pub fn use_snapshots(&mut self, use_them: bool) {
        self.0.use_snapshots(use_them);
    }

    /// The parts to fetch as snapshots before the next sync, as a JSON array, none listed for
    /// all; `undefined` if nothing is to be fetched.
    pub fn snapshots_wanted(&self) -> Result<Option<String>, JsValue> {
        self.0.snapshots_wanted().map(|parts| to_json(&parts)).transpose()
    }

    /// How many bytes the snapshot takes that the bytes begin with; `undefined` until its
    /// header is there.
    pub fn snapshot_length(&self, body: &[u8]) -> Result<Option<usize>, JsValue> {
        Snapshot::length(body).map_err(|why| error("SnapshotError", &why))
    }

    /// Takes the snapshot that the bytes begin with: `{result: {used, received}, writes}`, with
    /// `used` 0 while it is not whole.
    pub fn take_snapshot(&mut self, body: &[u8]) -> Result<Object, JsValue> {
        let taken = self.0.take_snapshot(body).map_err(|why| error("SnapshotError", &why))?;
        let (used, received, kept) =
            taken.map_or((0, 0, Vec::new()), |taken| (taken.used, taken.received, taken.writes));
        let result = format!(r#"{{"used":{used},"received":{received}}}"#);
        Ok(object(&[("result", result.into()), ("writes", writes(kept).into())]))
    }

    /// Begins a sync: `{to_sign: Uint8Array[], writes}`.
    pub fn begin_sync(&mut self, now: &str) -> Result<Object, JsValue> {
        let draft = self
            .0
            .begin_sync(convert::instant(now)?, false)
            .ok_or_else(|| error("NotSignedIn", &"nobody has signed in on this phone"))?;
        Ok(object(&[
            ("to_sign", to_sign(&draft.to_sign).into()),
            ("writes", Array::new().into()),
        ]))
    }

    /// Begins a packet for a courier, or of what comes after an entry for this phone's own keeping:
    /// `{to_sign: Uint8Array[], result: {count, last, key}, writes}`; `undefined` where there is
    /// nothing to bring, or no key to seal to.
    pub fn begin_packet(&mut self, now: &str, kept_after: Option<u32>) -> Result<Option<Object>, JsValue> {
        let draft = self.0.begin_packet(convert::instant(now)?, kept_after.map(u64::from));
        Ok(draft.map(|draft| {
            let PacketDraft { count, last, key, .. } = &draft;
            let result = format!(r#"{{"count":{count},"last":{last},"key":"{key}"}}"#);
            object(&[
                ("to_sign", to_sign(&draft.to_sign).into()),
                ("result", result.into()),
                ("writes", writes(draft.writes).into()),
            ])
        }))
    }

    /// What is to be sealed, from one signature of 64 bytes per message.
    pub fn packet(&mut self, signatures: &Array) -> Result<Vec<u8>, JsValue> {
        let signatures = convert::signatures(signatures)?;
        self.0
            .packet(&signatures)
            .ok_or_else(|| error("RequestError", &"begin_packet first; one signature per slice"))
    }

    /// The body of the request, from one signature of 64 bytes per message.
    pub fn request(&self, signatures: &Array) -> Result<Vec<u8>, JsValue> {
        let signatures = convert::signatures(signatures)?;
        self.0
            .request(&signatures)
            .ok_or_else(|| error("RequestError", &"begin_sync first; one signature per slice"))
    }

    /// How many bytes of the body are its first member: what the request is signed over.
    #[must_use]
    pub fn request_header_length(&self) -> usize {
        self.0.request_header_length()
    }

    /// What to verify before the answer is taken up; `undefined` if nothing.
    pub fn to_verify(&self, body: &[u8]) -> Result<Option<ToVerify>, JsValue> {
        let to_verify = self.0.to_verify(body).map_err(|why| error("ReceiveError", &why))?;
        Ok(to_verify.map(ToVerify))
    }

    /// Takes up the answer: `{result: {more, sent, received, successor}, writes}`. `verified`: what
    /// was to be verified, if the signature fits.
    pub fn receive(&mut self, body: &[u8], verified: Option<ToVerify>) -> Result<Object, JsValue> {
        let verified = verified.as_ref().map(|verified| &verified.0);
        let received = self.0.receive(body, verified);
        let received = received.map_err(|why| error("ReceiveError", &why))?;
        let result = format!(
            r#"{{"more":{},"sent":{},"received":{},"successor":{}}}"#,
            received.more, received.sent, received.received, received.successor
        );
        Ok(object(&[
            ("result", result.into()),
            ("writes", writes(received.writes).into()),
        ]))
    }

    /// What documents show, where it is not stored yet: for when there is time.
    pub fn keep_shown(&mut self) -> Array {
        writes(self.0.keep_shown())
    }

    /// Is the device `{id, name, public_key}` from now on.
    pub fn succeed(&mut self, device_json: &str) -> Result<Array, JsValue> {
        Ok(writes(self.0.succeed(from_json(device_json)?)))
    }

    /// The home answered with an error `{code, message, next}`.
    pub fn refused(&mut self, error_json: &str, _now: &str) -> Result<Array, JsValue> {
        let refusal: SliceRefusal = from_json(error_json)?;
        Ok(writes(self.0.refused(refusal)))
    }
}
