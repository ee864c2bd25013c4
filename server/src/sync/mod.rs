//! One round trip with a device, and the one writer behind it. A slice is read (`slice`),
//! waits its turn (`writer`) and becomes part of the file (`ingest`, `decide`); the answer
//! is read from the file afterwards (`answer`). [`Community`] is the face of all of it.

pub mod answer;
mod audit;
mod carried;
mod communities;
mod community;
mod dated;
mod decide;
mod directory;
mod document_budget;
mod documents;
mod epoch;
pub mod erase;
mod handover;
mod held;
mod ingest;
mod late;
pub mod members;
pub mod moving;
mod news;
mod office_device;
mod rebuild;
mod refill;
pub mod scribe;
mod slice;
mod snapshots;
mod state;
mod undo;
pub mod unfinished;
mod writer;

pub use carried::{Carried, Delivery};
pub use communities::{Communities, FindOffice};
pub(crate) use community::Reader;
pub use community::{Community, Settings};
pub use directory::{Directory, Granted, KnownDevice, Standing};
pub(crate) use documents::stored as stored_document;
pub use held::{HeldRefusal, Ruled, Ruling, Wish};
pub(crate) use held::{in_grid_now, release_refused};
pub use ingest::{Contact, Dating, SliceOutcome, Taken};
pub use office_device::OfficeDevice;
pub use refill::{RECEIPTS_MEMBER, Refilled, ShownReceipt, read_receipts};
pub use slice::{MAX_SLICE_ENTRIES, Refusal, Slice};
pub use undo::{Undo, Undone};
