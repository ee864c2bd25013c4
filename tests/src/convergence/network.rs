//! The network between phones and home: what it does to a contact, who is cut off from it for a
//! while, what still travels, and the quiet at the end.

use menpai_server::sync::{Contact, Delivery};
use menpai_sync_core::ids::{DeviceId, WorkerId};
use menpai_sync_core::signature::PublicKey;

use super::Trial;
use super::schedule::thrown;
use super::world::World;

const MINUTE: i64 = 60_000;
/// Rounds after which nobody may have anything left to say.
const QUIET_ROUNDS: usize = 6;

/// Places at which something may break.
const SHARES: usize = 10_000;

/// What becomes of one contact.
#[derive(Clone, Copy)]
enum Way {
    Whole,
    RequestLost,
    RequestLate,
    /// Breaks at some byte: the home keeps what came whole before it.
    RequestCut,
    RequestTwice,
    AnswerLost,
    AnswerLate,
    /// Breaks at some byte: the phone makes of it what it can.
    AnswerCut,
}

const WAYS: &[(usize, Way)] = &[
    (12, Way::Whole),
    (2, Way::RequestLost),
    (1, Way::RequestLate),
    (2, Way::RequestCut),
    (1, Way::RequestTwice),
    (2, Way::AnswerLost),
    (1, Way::AnswerLate),
    (2, Way::AnswerCut),
];

/// Something that is still on its way.
enum Late {
    /// From the device that the phone was.
    Request(usize, Sender, Vec<u8>),
    Answer(usize, Vec<u8>),
}

/// Who speaks, as the signature of the request says.
pub(super) struct Sender {
    device: DeviceId,
    worker: WorkerId,
    key: PublicKey,
}

/// A sealed packet on a courier's phone.
struct Packet {
    author: Sender,
    bytes: Vec<u8>,
    handed_ms: i64,
}

/// Phones that are cut off from their home for a while.
struct Partition {
    until_ms: i64,
    phones: Vec<usize>,
    /// What they send arrives; nothing comes back.
    one_way: bool,
}

#[derive(Default)]
pub(super) struct Network {
    late: Vec<Late>,
    packets: Vec<Packet>,
    partitions: Vec<Partition>,
}

/// How a phone stands to the network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Open,
    OneWay,
    Down,
}

impl World {
    /// A phone, those of a grid, some or all are cut off from the home.
    pub(super) fn partition(&mut self, phone: usize) {
        let everybody = 0..self.phones.len();
        let phones = match self.dice.below(4) {
            0 => vec![phone],
            1 => {
                let grid = self.some_grid();
                let workers = self.workers_of(grid);
                let works_there = |phone: &usize| workers.contains(&self.phones[*phone].worker);
                everybody.filter(works_there).collect()
            }
            2 => everybody.filter(|_| self.dice.percent(50)).collect(),
            _ => everybody.collect(),
        };
        self.network.partitions.push(Partition {
            until_ms: self.now_ms + self.dice.between(5 * MINUTE, 30 * MINUTE),
            phones,
            one_way: self.dice.percent(30),
        });
    }

    /// Where something breaks that is so long. By share of it, for what the home signs is never the
    /// same twice, nor quite as long when it is compressed.
    fn somewhere(&mut self, length: usize) -> usize {
        length * self.dice.below(SHARES) / SHARES
    }

    fn link(&self, phone: usize) -> Link {
        let here = self.network.partitions.iter();
        let now = here.filter(|partition| partition.until_ms > self.now_ms && partition.phones.contains(&phone));
        now.fold(Link::Open, |link, partition| match (link, partition.one_way) {
            (Link::Open, true) => Link::OneWay,
            (link @ Link::OneWay, true) => link,
            _ => Link::Down,
        })
    }

    /// One contact, with what the network does to it.
    pub(super) fn sync(&mut self, phone: usize) -> Result<(), String> {
        let link = self.link(phone);
        if link == Link::Open && !self.fetch_parts(phone, true)? {
            return Ok(());
        }
        let Some(request) = self.phones[phone].ask(self.now_ms, false) else {
            return Ok(());
        };
        let sender = self.sender(phone);
        let way = match link {
            Link::Open => thrown(&mut self.dice, WAYS),
            Link::OneWay => Way::AnswerLost,
            Link::Down => Way::RequestLost,
        };
        if link != Link::Open {
            self.trials.note(Trial::CutOff);
        }
        match way {
            Way::RequestLost => self.trials.note(Trial::Lost),
            Way::RequestLate => {
                self.trials.note(Trial::Disordered);
                self.network.late.push(Late::Request(phone, sender, request));
            }
            Way::RequestCut => {
                self.trials.note(Trial::RequestCut);
                let cut = self.somewhere(request.len());
                let device = self.make_known(&sender);
                self.home.exchange_cut(device, &request[..cut], self.now_ms)?;
            }
            Way::AnswerLost => {
                self.trials.note(Trial::Lost);
                self.answer(&sender, &request)?;
            }
            Way::AnswerLate => {
                self.trials.note(Trial::Disordered);
                let answer = self.answer(&sender, &request)?;
                self.network.late.push(Late::Answer(phone, answer));
            }
            Way::AnswerCut => {
                self.trials.note(Trial::AnswerCut);
                let answer = self.answer(&sender, &request)?;
                let cut = self.somewhere(answer.len());
                // Nothing of it, or what came whole: the phone's decision.
                let _ = self.phones[phone].hear(&answer[..cut]);
            }
            Way::RequestTwice => {
                self.trials.note(Trial::Disordered);
                self.answer(&sender, &request)?;
                let answer = self.answer(&sender, &request)?;
                self.phones[phone].hear(&answer)?;
            }
            Way::Whole => {
                let answer = self.answer(&sender, &request)?;
                self.phones[phone].hear(&answer)?;
            }
        }
        self.succeed(phone, true);
        Ok(())
    }

    /// Takes the parts that the phone is to take whole; says whether the connection held.
    fn fetch_parts(&mut self, phone: usize, may_break: bool) -> Result<bool, String> {
        let Some(parts) = self.phones[phone].phone.snapshots_wanted() else {
            return Ok(true);
        };
        let device = self.make_known(&self.sender(phone));
        let leave_out = self.phones[phone].leaves_out();
        let mut body = self.home.snapshots(device, self.now_ms, &parts, leave_out)?;
        let breaks = may_break && !body.is_empty() && self.dice.percent(15);
        if breaks {
            self.trials.note(Trial::DownloadCut);
            body.truncate(self.somewhere(body.len()));
        }
        let outgrown = parts.iter().filter(|part| self.phones[phone].lacks(**part)).count();
        let taken = self.phones[phone].take_parts(&body, breaks)?;
        let still = parts.iter().filter(|part| self.phones[phone].lacks(**part)).count();
        self.trials.add(Trial::TakenWhole, taken);
        self.trials.add(Trial::LeftOut, still);
        self.trials.add(Trial::FetchedAgain, outgrown.min(taken));
        Ok(!breaks)
    }

    /// The home's answer to a whole request.
    pub(super) fn answer(&mut self, sender: &Sender, request: &[u8]) -> Result<Vec<u8>, String> {
        let device = self.make_known(sender);
        self.home.exchange(device, request, self.now_ms)
    }

    pub(super) fn sender(&self, phone: usize) -> Sender {
        let phone = &self.phones[phone];
        Sender {
            device: phone.device,
            worker: phone.worker,
            key: phone.key.public_key(),
        }
    }

    /// A signed-in device is in the home's log: it registers again what a copy does not have.
    pub(super) fn make_known(&mut self, sender: &Sender) -> DeviceId {
        if self.home.community().directory().device(sender.device).is_none() {
            self.office.now_ms = self.now_ms;
            self.office
                .register(&self.home, sender.device, sender.worker, &sender.key);
        }
        sender.device
    }

    /// What was late arrives. The phone may have forgotten that it asked, or asked anew.
    pub(super) fn deliver_late(&mut self) -> Result<(), String> {
        if self.network.late.is_empty() {
            return Ok(());
        }
        let index = self.dice.below(self.network.late.len());
        let (Late::Request(phone, ..) | Late::Answer(phone, _)) = self.network.late[index];
        if self.link(phone) == Link::Down {
            return Ok(());
        }
        match self.network.late.swap_remove(index) {
            Late::Request(phone, sender, body) => {
                let answer = self.answer(&sender, &body)?;
                if self.dice.percent(50) {
                    self.network.late.push(Late::Answer(phone, answer));
                }
            }
            Late::Answer(phone, body) => {
                if self.dice.percent(50) {
                    let _ = self.phones[phone].ask(self.now_ms, false);
                }
                // Whether it is believed is the phone's decision.
                let _ = self.phones[phone].hear(&body);
                self.succeed(phone, true);
            }
        }
        Ok(())
    }

    /// Somebody brings the end of a log before its beginning.
    pub(super) fn courier(&mut self, phone: usize) -> Result<(), String> {
        let Some(slice) = self.phones[phone].later_part(self.home.code, &mut self.dice) else {
            return Ok(());
        };
        self.trials.note(Trial::Gapped);
        let contact = Contact {
            received_ms: self.now_ms,
            offset_ms: 0,
            last: None,
        };
        self.home.ingest(self.phones[phone].device, slice, contact).map(drop)
    }

    /// A phone hands what only it has to a courier.
    pub(super) fn hand_over(&mut self, phone: usize) {
        let Some(bytes) = self.phones[phone].packet(self.home.code, self.now_ms) else {
            return;
        };
        self.network.packets.push(Packet {
            author: self.sender(phone),
            bytes,
            handed_ms: self.now_ms,
        });
    }

    /// A courier brings a packet, before its author's own sync or long after it, and perhaps again.
    pub(super) fn bring(&mut self) -> Result<(), String> {
        if self.network.packets.is_empty() {
            return Ok(());
        }
        let index = self.dice.below(self.network.packets.len());
        let packet = self.network.packets.swap_remove(index);
        self.make_known(&packet.author);
        let delivery = Delivery {
            received_ms: self.now_ms,
            handed_ms: packet.handed_ms,
        };
        self.home.take_packet(&packet.bytes, delivery)?;
        self.trials.note(Trial::Carried);
        if self.dice.percent(30) {
            self.network.packets.push(packet);
        }
        Ok(())
    }

    /// Everybody syncs without trouble until, for a whole round, nobody had anything to say.
    pub(super) fn quiet(&mut self) -> Result<(), String> {
        self.network = Network::default();
        for phone in &mut self.phones {
            phone.flash.die(None);
        }
        for _ in 0..QUIET_ROUNDS {
            let mut said = false;
            for phone in 0..self.phones.len() {
                said |= self.listen(phone)?;
            }
            if !said {
                return Ok(());
            }
        }
        Err(format!("no quiet after {QUIET_ROUNDS} rounds"))
    }

    /// One phone syncs without trouble until it and its home have nothing more to say; says whether
    /// they had.
    pub(super) fn listen(&mut self, phone: usize) -> Result<bool, String> {
        let mut said = false;
        loop {
            self.now_ms += 1_000;
            said |= self.phones[phone].phone.only_here() > 0;
            self.fetch_parts(phone, false)?;
            let request = self.phones[phone].ask(self.now_ms, false).ok_or("died in the quiet")?;
            let sender = self.sender(phone);
            let answer = self.answer(&sender, &request)?;
            let more = self.phones[phone].hear(&answer)?;
            if !(self.succeed(phone, false) || more) {
                return Ok(said);
            }
            said = true;
        }
    }
}
