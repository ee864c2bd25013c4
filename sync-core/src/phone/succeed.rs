//! A phone that was restored or cloned becomes another device: its log went on elsewhere under
//! the old one. What the home has not acknowledged is sent again, with its old ids and bytes;
//! what it has stays where it is. All of it is one durable change: before it the old device,
//! after it the new one.

use super::{Contact, NamedDevice, Phone, Stored, Write, store};
use crate::replica::Replica;

impl Phone {
    /// Is this device from now on. The home knows it already. Calling it
    /// again with the same device changes nothing.
    #[must_use]
    pub fn succeed(&mut self, device: NamedDevice) -> Vec<Write> {
        let mut writes = Vec::new();
        self.forget_all(&mut writes);
        let (Some(enrolment), Some(own)) = (&mut self.enrolment, &mut self.own) else {
            return writes;
        };
        let code = enrolment.community.code;
        if enrolment.device.id != device.id {
            own.succeed(code, device.id);
        }
        enrolment.device = device;
        // What is confirmed is confirmed anew: lines of the old device are another's now.
        let replica = Replica::empty(code, self.kinds.clone());
        // A home that is put back now has lost what the old device had brought, too.
        let life = self.contact.log.or(self.contact.life);
        self.contact = Contact {
            life,
            offset_ms: self.contact.offset_ms,
            ..Contact::default()
        };
        self.in_flight = None;
        writes.push(Write::json(Stored::Meta, store::OWN_STATES, &own.states()));
        writes.extend(store::standing(&replica));
        writes.push(Write::json(Stored::Meta, store::CONTACT, &self.contact));
        self.replica = Some(replica);
        writes.push(self.enrolment_write());
        writes
    }
}
