//! Tells what an input of the target `server` does, and what comes of it: `cargo run -p siospec-fuzz --example
//! server_steps FILE`.

fn main() {
    let file = std::env::args().nth(1).expect("the name of a file");
    let data = std::fs::read(file).expect("a file that can be read");
    print!("{}", siospec_fuzz::server::steps(&data));
    siospec_fuzz::server::holds(&data);
    println!("holds");
}
