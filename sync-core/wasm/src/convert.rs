//! Values across the border.

use std::fmt::Display;

use js_sys::{Array, Error, Object, Reflect, Uint8Array};
use menpai_sync_core::json::{self, FromJson};
use menpai_sync_core::phone::{Saved, Stored, Write, WriteValue};
use menpai_sync_core::signature::Signature;
use menpai_sync_core::time::Instant;
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

/// An `Error` with a stable name.
pub(crate) fn error(name: &str, why: &dyn Display) -> JsValue {
    let error = Error::new(&why.to_string());
    error.set_name(name);
    error.into()
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String, JsValue> {
    serde_json::to_string(value).map_err(|why| error("JsonError", &why))
}

pub(crate) fn from_json<T: FromJson>(json: &str) -> Result<T, JsValue> {
    json::read(json.as_bytes()).map_err(|why| error("JsonError", &why))
}

pub(crate) fn instant(text: &str) -> Result<Instant, JsValue> {
    text.parse().map_err(|why| error("InstantError", &why))
}

/// Whole milliseconds of a number; beyond what an `i64` holds, the nearest that it does.
#[allow(clippy::cast_possible_truncation, reason = "it saturates")]
pub(crate) fn milliseconds(number: f64) -> i64 {
    number as i64
}

/// The first 10 of at least 10 random bytes.
pub(crate) fn random(bytes: &[u8]) -> Result<[u8; 10], JsValue> {
    bytes
        .get(..10)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| error("RandomError", &"at least 10 random bytes"))
}

pub(crate) fn signatures(array: &Array) -> Result<Vec<Signature>, JsValue> {
    array
        .iter()
        .map(|value| {
            let bytes = value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec());
            bytes
                .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
                .map(Signature)
                .ok_or_else(|| error("SignatureError", &"a signature has 64 bytes"))
        })
        .collect()
}

pub(crate) fn to_sign(messages: &[Vec<u8>]) -> Array {
    let message = |message: &Vec<u8>| JsValue::from(Uint8Array::from(message.as_slice()));
    messages.iter().map(message).collect()
}

/// An object of the given members.
pub(crate) fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (key, value) in members {
        // A plain object takes any member.
        let _ = Reflect::set(&object, &JsValue::from_str(key), value);
    }
    object
}

pub(crate) fn rows(stored: &Array) -> Result<Vec<(Stored, String, WriteValue)>, JsValue> {
    let mut rows = Vec::new();
    for row in stored.iter() {
        let row: Array = row
            .dyn_into()
            .map_err(|_| error("RowError", &"a row is [store, key, value]"))?;
        let text = |index| row.get(index).as_string();
        let (Some(store), Some(key)) = (text(0), text(1)) else {
            return Err(error("RowError", &"store and key are texts"));
        };
        let Some(store) = Stored::named(&store) else { continue };
        let value = match row.get(2).dyn_into::<Uint8Array>() {
            Ok(bytes) => WriteValue::Bytes(bytes.to_vec()),
            Err(value) => WriteValue::Text(
                value
                    .as_string()
                    .ok_or_else(|| error("RowError", &"a value is text or bytes"))?,
            ),
        };
        rows.push((store, key, value));
    }
    Ok(rows)
}

pub(crate) fn writes(writes: Vec<Write>) -> Array {
    writes
        .into_iter()
        .map(|write| {
            let value = match write.value {
                WriteValue::Text(text) => JsValue::from(text),
                WriteValue::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
                WriteValue::Delete => JsValue::NULL,
            };
            JsValue::from(object(&[
                ("store", write.store.name().into()),
                ("key", write.key.into()),
                ("value", value),
            ]))
        })
        .collect()
}

pub(crate) fn saved(saved: Saved) -> Object {
    let (result, kept) = match saved {
        Saved::Entry { entry, seq, writes } => (format!(r#"{{"ok":true,"entry":"{entry}","seq":{seq}}}"#), writes),
        Saved::Problems(problems) => {
            let problems = serde_json::to_string(&problems).unwrap_or_default();
            (format!(r#"{{"ok":false,"problems":{problems}}}"#), Vec::new())
        }
    };
    object(&[("result", result.into()), ("writes", writes(kept).into())])
}
