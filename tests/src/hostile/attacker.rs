//! Somebody with a real account and a real key who sends what he likes: the worst that can be
//! attributed. Keeps his log as the server has it, so that a slice continues it when it is to.

use menpai_server::auth::signed_request::{PhoneSigner, first_member};
use menpai_server::clock;
use menpai_server::packet::{ClearLine, FORMAT, key_name, seal};
use menpai_server::simulate::{Client, Dice, Login};
use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::ids::{CommunityCode, DeviceId, GridId, Hash, WorkerId};
use menpai_sync_core::phone::NamedDevice;
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::wire::{SliceLine, deflate};
use serde_json::{Value, json};

/// A signed-in device.
pub struct Attacker {
    /// Where he was enrolled.
    pub code: CommunityCode,
    /// His device.
    pub device: DeviceId,
    /// His name in entries.
    pub worker: WorkerId,
    /// Some grid.
    pub grid: GridId,
    /// His key.
    pub key: Signer,
    /// His log as far as the server took it.
    pub head: LogHead,
    /// Dice for what must differ.
    pub dice: Dice,
    signer: PhoneSigner,
    courier_key: PublicKey,
}

impl Attacker {
    /// Is enrolled.
    #[must_use]
    pub fn enrol(client: &Client, login: &Login, seed: u64) -> Attacker {
        let mut dice = Dice::new(seed);
        let (device, key) = (
            DeviceId::from_bytes(dice.bytes()),
            Signer::from_bytes(&dice.bytes()).unwrap(),
        );
        let name = "测试手机".to_owned();
        let enrolled = client.enrol(login, device, &key, &name).unwrap();
        let enrolment = enrolled.enrolment(NamedDevice {
            id: device,
            name,
            public_key: None,
        });
        let code = enrolment.community.code;
        let signer = PhoneSigner {
            device,
            community: code,
            key: key.clone(),
        };
        Attacker {
            code,
            device,
            worker: enrolment.worker.id,
            grid: GridId::from_bytes([1; 16]),
            key,
            head: LogHead::empty(code, device),
            dice,
            signer,
            courier_key: enrolment.home.courier_key.unwrap(),
        }
    }

    /// The head of a sync without a body, without the line that ends it.
    #[must_use]
    pub fn http_head(&self) -> String {
        self.head_of("sync", "gzip", b"")
    }

    /// The head of a sync whose body begins with this member.
    #[must_use]
    pub fn http_head_for(&self, header: &[u8]) -> String {
        self.head_of("sync", "gzip", header)
    }

    fn head_of(&self, route: &str, content_type: &str, content: &[u8]) -> String {
        let path = format!("/api/v1/{route}");
        let (time_ms, nonce) = (clock::now_ms(), clock::random());
        let signed = self.signer.authorise("POST", &path, Some(content), time_ms, nonce);
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Language: en\r\n\
             Content-Type: application/{content_type}\r\nAuthorization: {signed}\r\n"
        )
    }

    /// A whole request with this body.
    #[must_use]
    pub fn http(&self, body: &[u8]) -> Vec<u8> {
        let head = self.http_head_for(first_member(body));
        let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }

    /// A whole delivery of a packet.
    #[must_use]
    pub fn deliver(&self, packet: &[u8]) -> Vec<u8> {
        let line = json!({"menpai": 2, "clock": clock::now(), "handed": clock::now()});
        self.courier(&[format!("{line}\n").as_bytes(), packet].concat())
    }

    /// A whole request of a courier with this body.
    #[must_use]
    pub fn courier(&self, body: &[u8]) -> Vec<u8> {
        let head = self.head_of("courier", "octet-stream", body);
        let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }

    /// What stands in clear on an honest packet of this device.
    #[must_use]
    pub fn clear(&self) -> ClearLine {
        ClearLine {
            menpai_packet: FORMAT,
            community: self.code,
            key: key_name(&self.courier_key),
            device: self.device,
            count: 1,
            clock: clock::now(),
        }
    }

    /// Seals content to the home.
    #[must_use]
    pub fn seal(&self, clear: &ClearLine, content: &[u8]) -> Vec<u8> {
        seal(clear, &self.courier_key, content).unwrap()
    }

    /// An honest header.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"menpai": 1, "last": self.head.seq, "clock": clock::now()})
    }

    /// A body: the header's member, then one for each slice.
    #[must_use]
    pub fn body(&self, slices: &[Vec<u8>]) -> Vec<u8> {
        let mut body = deflate(format!("{}\n", self.header()).as_bytes());
        slices.iter().for_each(|slice| body.extend(deflate(slice)));
        body
    }

    /// The slice of these entries after `head`, and where it leads. Its signature is right.
    #[must_use]
    pub fn slice(&self, head: LogHead, entries: &[Vec<u8>]) -> (Vec<u8>, LogHead) {
        let end = entries.iter().fold(head, |head, entry| head.after(Hash::of(entry)));
        let line = SliceLine {
            first: head.seq + 1,
            last: end.seq,
            previous: head.h,
            signature: self.key.sign(&slice_message(self.code, self.device, end)),
        };
        let mut bytes = serde_json::to_vec(&line).unwrap();
        for entry in entries {
            bytes.push(b'\n');
            bytes.extend_from_slice(entry);
        }
        bytes.push(b'\n');
        (bytes, end)
    }

    /// The bytes of a record with this body, as text: nobody checked them.
    #[must_use]
    pub fn record(&mut self, body: &str) -> String {
        let id = menpai_sync_core::ids::EntryId::from_clock(clock::now_ms(), self.dice.bytes());
        format!(
            r#"{{"id":"{id}","kind":"door_check","schema":1,"grid":"{}","worker":"{}","made_at":"2026-11-02T09:00:00.000+08:00","body":{body}}}"#,
            self.grid, self.worker
        )
    }

    /// The bytes of an edit with this base and set.
    #[must_use]
    pub fn edit(&mut self, base: &str, set: &str) -> String {
        let record = self.record("{}").replace("door_check", "edit");
        record.replace(r#","body""#, &format!(r#","base":{base},"set":{set},"body""#))
    }
}
