//! Everything else that a guest can do, well or badly, by path.

mod bad;
mod files;
mod rules;

use kit::bindings::cli::{environment, exit, stdin};
use kit::bindings::clocks::{monotonic_clock, wall_clock};
use kit::bindings::random::{insecure, insecure_seed, random};
use kit::bindings::sockets::{instance_network, ip_name_lookup, network, tcp_create_socket, udp_create_socket};
use kit::*;

struct Effects;
kit::bindings::export!(Effects with_types_in kit::bindings);

impl kit::bindings::Guest for Effects {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let target = Target::of(&request);
        match target.path.as_str() {
            "/random" => text(out, &some_random()),
            "/clock" => text(out, &clock()),
            "/sleep" => slept(out, target.number("ms", 20)),
            "/env" => text(out, &variables()),
            "/stdin" => text(out, if stdin::get_stdin().blocking_read(1).is_err() { "closed" } else { "open" }),
            "/log" => logged(out, target.get("error").is_some()),
            "/sockets" => text(out, &sockets()),
            "/files" => text(out, &files::tell(target.get("path").unwrap_or(""))),
            "/exit" => exit::exit_with_code(u8::try_from(target.number("code", 3)).unwrap_or(3)),
            "/exit-after" => {
                text(out, "complete");
                exit::exit(Ok(()));
            }
            "/fields" => text(out, &rules::fields(&request)),
            "/lengths" => text(out, &rules::lengths()),
            path => bad::behave(path, out),
        }
    }
}

fn some_random() -> String {
    let bytes = random::get_random_bytes(24);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers = [random::get_random_u64(), insecure::get_insecure_random_u64(), insecure_seed::insecure_seed().0];
    format!("{hex} {numbers:?} {}", insecure::get_insecure_random_bytes(100_000).len())
}

fn clock() -> String {
    let wall = wall_clock::now();
    format!("{}.{:09} {}", wall.seconds, wall.nanoseconds, monotonic_clock::now())
}

fn slept(out: ResponseOutparam, milliseconds: u64) {
    let start = monotonic_clock::now();
    sleep(milliseconds);
    let slept = monotonic_clock::now() - start;
    text(out, if slept >= milliseconds * 1_000_000 { "slept" } else { "woke too early" });
}

fn variables() -> String {
    let all = environment::get_environment();
    let lines: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}\narguments {}", lines.join("\n"), environment::get_arguments().len())
}

fn logged(out: ResponseOutparam, fail: bool) {
    print("one ");
    print("line\nand a frag");
    print("ment");
    if fail {
        panic!("on purpose");
    }
    text(out, "logged");
}

fn sockets() -> String {
    let here = instance_network::instance_network();
    let four = network::Ipv4SocketAddress { port: 80, address: (203, 0, 113, 1) };
    let six = network::Ipv6SocketAddress { port: 0, flow_info: 0, address: (0, 0, 0, 0, 0, 0, 0, 0), scope_id: 0 };
    let tcp = tcp_create_socket::create_tcp_socket(network::IpAddressFamily::Ipv4).expect("a socket");
    let tcp = tcp.start_connect(&here, network::IpSocketAddress::Ipv4(four)).err();
    let udp = udp_create_socket::create_udp_socket(network::IpAddressFamily::Ipv6).expect("a socket");
    let udp = udp.start_bind(&here, network::IpSocketAddress::Ipv6(six)).err();
    let name = ip_name_lookup::resolve_addresses(&here, "example.test").err();
    format!("{tcp:?} {udp:?} {name:?}")
}
