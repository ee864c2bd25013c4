//! `menpai invite`: an invitation for a phone, where no desk is at hand. Somebody at the desk still
//! compares the six digits.

use std::process::ExitCode;

use clap::Args;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Whose phone it is to be
    account: String,
    /// Where phones reach this server, such as https://menpai.example; then the address to open is printed
    #[arg(long, value_name = "URL")]
    address: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let request = Request::Invite {
        account: arguments.account,
    };
    match control::perform(&arguments.data.data, &request, &mut |_, _| {})? {
        Answer::Invited { name, code, expires } => {
            println!("{code}  {name}  {expires}");
            if let Some(address) = arguments.address {
                println!("{}/#/enrol/{code}", address.trim_end_matches('/'));
            }
        }
        other => return other.unexpected(),
    }
    Ok(ExitCode::SUCCESS)
}
