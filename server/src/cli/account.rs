//! `menpai account`: who signs in, with what, and in which role. A password is printed once.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use menpai_sync_core::ids::CommunityCode;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};
use crate::office::staff::NewMember;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Add somebody; prints the password, once
    Add(Add),
    /// Give an account a role in a community, its own or another: a street's staff has one in each
    Role(Role),
    /// List accounts with their roles
    List(List),
    /// Give an account a new password and end its sessions
    Password(Named),
    /// Take away an account's passkeys, authenticator and recovery codes and end its sessions: for
    /// whoever has lost them; it is written into the audit log
    ResetSecondFactor(Named),
}

#[derive(Args)]
pub(super) struct Add {
    #[command(flatten)]
    data: DataArguments,
    /// What they type to sign in
    account: String,
    /// In which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// The person's name
    #[arg(long)]
    name: String,
    /// community_secretary or community_staff for the desk; grid_worker, volunteer … for a phone
    #[arg(long)]
    role: String,
    /// Name or code of a grid; may be given several times
    #[arg(long = "grid", value_name = "GRID")]
    grids: Vec<String>,
}

#[derive(Args)]
pub(super) struct Role {
    #[command(flatten)]
    data: DataArguments,
    /// Whose
    account: String,
    /// In which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// Which: street_staff, street_leader, inspector …
    #[arg(long)]
    role: String,
    /// Name or code of a grid; may be given several times
    #[arg(long = "grid", value_name = "GRID")]
    grids: Vec<String>,
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    data: DataArguments,
    /// Of which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
}

#[derive(Args)]
pub(super) struct Named {
    #[command(flatten)]
    data: DataArguments,
    /// Whose
    account: String,
}

pub(super) fn run(command: Command) -> Outcome {
    match command {
        Command::Add(add) => said(
            &add.data.data,
            &Request::AddAccount {
                community: add.community,
                member: NewMember {
                    account: add.account,
                    name: add.name,
                    role: add.role,
                    grids: add.grids,
                },
            },
        ),
        Command::Role(role) => said(
            &role.data.data,
            &Request::GiveRole {
                community: role.community,
                member: NewMember {
                    account: role.account,
                    name: String::new(),
                    role: role.role,
                    grids: role.grids,
                },
            },
        ),
        Command::List(list) => said(
            &list.data.data,
            &Request::ListAccounts {
                community: list.community,
            },
        ),
        Command::Password(password) => said(
            &password.data.data,
            &Request::ChangePassword {
                account: password.account,
            },
        ),
        Command::ResetSecondFactor(named) => {
            said(&named.data.data, &Request::ResetSecondFactor { account: named.account })
        }
    }
}

fn said(data: &Path, request: &Request) -> Outcome {
    match control::perform(data, request, &mut |_, _| {})? {
        Answer::Password { account, password } => println!("{account} {password}"),
        Answer::RoleGiven => {}
        Answer::SecondFactorReset { account } => {
            println!("{account} signs in with the password alone, until a second factor is set up again");
        }
        Answer::Accounts { members } => {
            for member in members {
                println!("{:<16}{} {}", member.account, member.name, member.roles.join(", "));
            }
        }
        other => return other.unexpected(),
    }
    Ok(ExitCode::SUCCESS)
}
