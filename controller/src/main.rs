//! The command `portolan-controller`. What it does is in the library beside it, so that examples can
//! run the controller in their own process.

fn main() -> std::process::ExitCode {
    portolan_controller::main()
}
