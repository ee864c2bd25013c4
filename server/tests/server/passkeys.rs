//! Passkeys, shown by an authenticator of our own that lies as well as it can: for another site, without
//! its holder, for another account, again, with a counter that went back. The real browser's is in
//! `tests/e2e/sign-in.test.mjs`.

use actix_web::web;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::Office;
use menpai_sync_core::ids::Hash;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::desk_browser::{Browser, code_of};
use crate::desk_world::{account, appoint};
use crate::support::{CODE, PASSWORD, code, home};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const NEW_KEY: u8 = 0x40;
const SITE: &str = "http://localhost:8080";

/// An authenticator with one key.
struct Key {
    pair: EcdsaKeyPair,
    id: [u8; 16],
    user: String,
    counter: u32,
    flags: u8,
    /// The site that it is told.
    origin: &'static str,
    host: &'static str,
}

impl Key {
    fn new(user: &Value) -> Key {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Key {
            pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap(),
            id: clock::random(),
            user: user.as_str().unwrap().to_owned(),
            counter: 0,
            flags: PRESENT | VERIFIED,
            origin: SITE,
            host: "localhost",
        }
    }

    fn authenticator_data(&mut self, flags: u8) -> Vec<u8> {
        self.counter += 1;
        let mut data = Hash::of(self.host.as_bytes()).0.to_vec();
        data.push(self.flags | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, what: &str, challenge: &Value) -> Vec<u8> {
        let said = json!({ "type": what, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        said.to_string().into_bytes()
    }

    fn make(&mut self, challenge: &Value) -> Value {
        let mut data = self.authenticator_data(NEW_KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        // A COSE key: EC2, ES256, P-256, x, y.
        let point = self.pair.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        let client = self.client_data("webauthn.create", challenge);
        json!({
            "id": base64url(&self.id), "rawId": base64url(&self.id), "type": "public-key", "extensions": {},
            "response": { "attestationObject": base64url(&object), "clientDataJSON": base64url(&client) },
        })
    }

    fn show(&mut self, challenge: &Value) -> Value {
        let data = self.authenticator_data(0);
        let client = self.client_data("webauthn.get", challenge);
        let signed = [&data[..], &Hash::of(&client).0].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": base64url(&self.id), "rawId": base64url(&self.id), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": base64url(&data), "clientDataJSON": base64url(&client),
                "signature": base64url(signature.as_ref()), "userHandle": self.user,
            },
        })
    }
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes(bits);
        for at in 0..=three.len() {
            text.push(char::from(
                LETTERS[usize::try_from(bits >> (18 - 6 * at) & 63).unwrap()],
            ));
        }
    }
    text
}

/// A browser on this machine, opened by name.
fn at_localhost(home: &web::Data<Home>) -> Browser<'_> {
    let mut browser = Browser::new(home, "192.0.2.1");
    browser.host = "localhost:8080";
    browser
}

/// Signs an account in by password and makes a passkey for it.
async fn with_passkey<'h>(home: &'h web::Data<Home>, account: &str) -> (Browser<'h>, Key) {
    let mut desk = at_localhost(home);
    assert_eq!(desk.sign_in(account, PASSWORD, None).await.0, 200);
    let (status, begun) = desk.post("sign-in/passkeys/begin", json!({})).await;
    assert_eq!(status, 200, "{begun}");
    let asked = &begun["options"]["publicKey"];
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    let mut key = Key::new(&asked["user"]["id"]);
    let made = json!({ "ceremony": begun["ceremony"], "name": "钥匙", "credential": key.make(&asked["challenge"]) });
    let (status, added) = desk.post("sign-in/passkeys", made.clone()).await;
    assert_eq!(status, 200, "{added}");
    assert_eq!(added["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(
        code_of(&desk.post("sign-in/passkeys", made).await),
        (409, "ceremony_gone"),
        "once"
    );
    (desk, key)
}

async fn begin(desk: &mut Browser<'_>) -> (Value, Value) {
    let (status, begun) = desk.post("sessions/passkey/begin", json!({})).await;
    assert_eq!(status, 200, "{begun}");
    let options = &begun["options"];
    assert!(
        options["publicKey"]["allowCredentials"]
            .as_array()
            .is_none_or(Vec::is_empty),
        "it tells of no account"
    );
    (begun["ceremony"].clone(), options["publicKey"]["challenge"].clone())
}

/// Signs in with what an authenticator shows.
async fn sign_in(desk: &mut Browser<'_>, key: &mut Key) -> (u16, Value) {
    let (ceremony, challenge) = begin(desk).await;
    let shown = json!({ "ceremony": ceremony, "credential": key.show(&challenge) });
    desk.post("sessions/passkey", shown).await
}

#[actix_web::test]
async fn a_passkey_signs_in_alone_and_the_password_no_more() {
    let (_folder, home) = home();
    let (_, mut key) = with_passkey(&home, "he").await;
    let mut desk = at_localhost(&home);
    let (status, body) = sign_in(&mut desk, &mut key).await;
    assert_eq!((status, &body["account"]), (200, &json!("he")), "{body}");
    assert_eq!(desk.get("overview").await.0, 200);
    assert_eq!(
        code_of(&desk.sign_in("he", PASSWORD, None).await),
        (401, "second_factor_needed")
    );
    // It is a proof too, of who is signed in.
    let (_, begun) = desk.post("sign-in/proof/begin", json!({})).await;
    let credential = key.show(&begun["options"]["publicKey"]["challenge"]);
    let proof = json!({ "passkey": { "ceremony": begun["ceremony"], "credential": credential } });
    assert_eq!(desk.post("sign-in/proof", proof).await.0, 204);
}

#[actix_web::test]
async fn what_an_authenticator_lies_about_is_refused() {
    let (_folder, home) = home();
    let (mut own, mut key) = with_passkey(&home, "he").await;
    let refused = (422, "passkey_refused");
    let mut desk = at_localhost(&home);

    key.flags = PRESENT;
    assert_eq!(
        code_of(&sign_in(&mut desk, &mut key).await),
        refused,
        "its holder was not verified"
    );
    key.flags = PRESENT | VERIFIED;
    key.origin = "https://menpai.example";
    assert_eq!(
        code_of(&sign_in(&mut desk, &mut key).await),
        refused,
        "told another site"
    );
    key.origin = SITE;
    key.host = "menpai.example";
    assert_eq!(
        code_of(&sign_in(&mut desk, &mut key).await),
        refused,
        "made for another site"
    );
    key.host = "localhost";
    let user = std::mem::replace(&mut key.user, base64url(&[7; 16]));
    assert_eq!(
        code_of(&sign_in(&mut desk, &mut key).await),
        refused,
        "in somebody else's name"
    );
    key.user = user;
    let other = std::mem::replace(&mut key.pair, Key::new(&json!("")).pair);
    assert_eq!(
        code_of(&sign_in(&mut desk, &mut key).await),
        refused,
        "signed by another key"
    );
    key.pair = other;
    let id = std::mem::replace(&mut key.id, [1; 16]);
    assert_eq!(code_of(&sign_in(&mut desk, &mut key).await), refused, "nobody's");
    key.id = id;

    // Again, and for another question than was asked.
    let (ceremony, challenge) = begin(&mut desk).await;
    let shown = json!({ "ceremony": ceremony, "credential": key.show(&challenge) });
    assert_eq!(desk.post("sessions/passkey", shown.clone()).await.0, 200);
    let mut replay = at_localhost(&home);
    assert_eq!(
        code_of(&replay.post("sessions/passkey", shown.clone()).await),
        (409, "ceremony_gone")
    );
    let (ceremony, _) = begin(&mut replay).await;
    let moved = json!({ "ceremony": ceremony, "credential": shown["credential"] });
    assert_eq!(code_of(&replay.post("sessions/passkey", moved).await), refused);
    // A copy of the key that was used less often.
    let counter = std::mem::replace(&mut key.counter, 1);
    assert_eq!(
        code_of(&sign_in(&mut replay, &mut key).await),
        refused,
        "a counter that went back"
    );
    key.counter = counter;
    // The secretary's key is no proof that it is somebody else.
    let office = Office::of_home(&home, code()).unwrap();
    appoint(
        &office,
        account(&home, "staff", "方正", CODE),
        "方正",
        "community_staff",
    );
    let mut staff = at_localhost(&home);
    assert_eq!(staff.sign_in("staff", crate::desk_world::PASSWORD, None).await.0, 200);
    let (_, begun) = staff.post("sign-in/proof/begin", json!({})).await;
    let credential = key.show(&begun["options"]["publicKey"]["challenge"]);
    let proof = json!({ "passkey": { "ceremony": begun["ceremony"], "credential": credential } });
    assert_eq!(code_of(&staff.post("sign-in/proof", proof).await), refused);
    // At a bare address there are none.
    own.host = "127.0.0.1:8080";
    assert_eq!(
        code_of(&own.post("sessions/passkey/begin", json!({})).await),
        (422, "passkeys_need_name")
    );
}
