//! The `menpai` command line: one file per command. Exit codes: 0 all good, 1 it did not
//! work, 2 it worked in part (or the arguments were wrong).

mod account;
mod community;
mod copies;
mod database;
mod demo;
mod demo_roster;
mod erase;
mod export;
mod grid;
mod import_divisions;
mod import_report;
mod import_roster;
mod invite;
mod language;
mod maintain;
mod nightly;
mod restore;
mod serve;
mod settle;
mod simulate;
mod street;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::DEFAULT_DATA;
use crate::fail_points;

/// Home server of Menpai 门牌 communities.
#[derive(Parser)]
#[command(name = "menpai", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve phones, the desk and the API
    Serve(Box<serve::Arguments>),
    /// Begin communities
    #[command(subcommand)]
    Community(community::Command),
    /// Say what a street calls things
    #[command(subcommand)]
    Street(street::Command),
    /// Say who signs in, and in which role
    #[command(subcommand)]
    Account(account::Command),
    /// Invite a phone of an account; prints the code, which holds for ten minutes and once
    Invite(invite::Arguments),
    /// Bring files in
    #[command(subcommand)]
    Import(Import),
    /// Write what a community has to files
    #[command(subcommand)]
    Export(export::Export),
    /// Make a demonstration community with work behind it, where there is no home yet
    Demo(demo::Arguments),
    /// Check chains, signatures and digests of every community; changes nothing
    Verify(maintain::Arguments),
    /// Make tables and registry documents again from the log, and compare the digests
    Rebuild(maintain::Arguments),
    /// Erase a person or a household for good; nothing sent later brings it back
    Erase(erase::Erase),
    /// Move buildings between grids: split one, or merge it into another
    #[command(subcommand)]
    Grid(grid::Command),
    /// Let go of the history of registry documents; what shows stays
    Compact(erase::Compact),
    /// Close the day: verify, count, list visits, keep a copy; what is done is not done again
    Nightly(nightly::Arguments),
    /// Encrypt the databases of a data folder, or make them plain again
    #[command(subcommand)]
    Database(database::Command),
    /// Carry the sealed copies of a home to this machine
    #[command(subcommand)]
    Copies(copies::Command),
    /// Put a night's copy back, sealed or not, as a data folder of its own
    Restore(restore::Arguments),
    /// Close a quarter: what is merged of its days later is marked late
    Settle(settle::Arguments),
    /// Let a fleet of phones without screens work against a running server
    Simulate(simulate::Arguments),
}

#[derive(Subcommand)]
enum Import {
    /// Read a roster (.xlsx or .csv) with one row per person; without --apply only show what would change
    Roster(import_roster::Arguments),
    /// Read a table of division codes (.xlsx or .csv with columns code and name): what streets and communities
    /// are called; the same table again changes nothing
    Divisions(import_divisions::Arguments),
}

/// Where data lies; the same for every command.
#[derive(Args)]
struct DataArguments {
    /// Data folder
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    data: PathBuf,
}

/// Runs the command line.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let _points = fail_points::from_environment();
    let outcome = match cli.command {
        Command::Serve(arguments) => serve::run(*arguments),
        Command::Community(command) => community::run(&command),
        Command::Street(command) => street::run(command),
        Command::Account(command) => account::run(command),
        Command::Invite(arguments) => invite::run(arguments),
        Command::Import(Import::Roster(arguments)) => import_roster::run(&arguments),
        Command::Import(Import::Divisions(arguments)) => import_divisions::run(&arguments),
        Command::Export(export) => export::run(&export),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Verify(arguments) => maintain::verify(&arguments),
        Command::Rebuild(arguments) => maintain::rebuild(&arguments),
        Command::Erase(arguments) => erase::erase(&arguments),
        Command::Grid(command) => grid::run(command),
        Command::Compact(arguments) => erase::compact(&arguments),
        Command::Nightly(arguments) => nightly::run(&arguments),
        Command::Database(command) => database::run(command),
        Command::Copies(command) => copies::run(&command),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Settle(arguments) => settle::run(&arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("menpai: {error}");
        ExitCode::FAILURE
    })
}

/// What a command returns: an exit code, or a sentence and exit code 1.
type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
