use super::*;
use crate::gpu::ShaderChecks;
use crate::profile::Verdict;
use std::time::Duration;

/// Arithmetic of so many turns, and a result that tells how many.
fn turns(turns: u32, name: &str) -> String {
    format!(
        "@group(0) @binding(0) var<storage, read_write> {name}: array<f32>;
         @group(0) @binding(1) var<storage, read> x: array<f32>;
         @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {{
             var sum = x[id.x];
             for (var i = 0u; i < {turns}u; i++) {{ sum = fma(sum, 0.999, 0.001); }}
             {name}[id.x] = x[id.x] + select(0.0, 1.0, sum == 7.0);
         }}"
    )
}

fn duel(sources: [&str; 2], rounds: usize) -> Duel {
    let [first, second] = sources.map(|source| shader(source).unwrap());
    let (resources, contents) = filled(&first, &["0=64K", "1=64K"]).unwrap();
    let (others, mut other_contents) = filled(&second, &["0=64K", "1=64K"]).unwrap();
    let workgroups = [256, 1, 1];
    let job = Job { shader: &first, resources: &resources, contents: &contents, workgroups };
    job.share(&others, &mut other_contents);
    let other = Job { shader: &second, resources: &others, contents: &other_contents, workgroups };
    let gpu = gpu(ShaderChecks::Trusted);
    let both = [job.prepare(&gpu).unwrap(), other.prepare(&gpu).unwrap()];
    let mut bench = Bench::new(&gpu, None, Duration::from_secs(60)).unwrap();
    bench.duel([&both[0], &both[1]], rounds, 0.05, 1e-4).unwrap()
}

/// How often each is tried; `make soak` tries 20 times.
fn tries() -> usize {
    std::env::var("DANN_TRIES").map_or(1, |count| count.parse().expect("DANN_TRIES: a whole number"))
}

/// Counts the tries that come out as expected; in the short form it may be that a busy machine does not tell.
fn expect(expected: Verdict, sources: [&str; 2]) {
    let verdicts: Vec<Verdict> = (0..tries()).map(|_| duel(sources, 10).verdict).collect();
    let right = verdicts.iter().filter(|verdict| **verdict == expected).count();
    let unclear = verdicts.iter().filter(|verdict| **verdict == Verdict::Unclear).count();
    eprintln!("{expected:?}: {right} of {}, {unclear} unclear", verdicts.len());
    match verdicts.len() {
        ..20 => assert_eq!(right + unclear, verdicts.len(), "{verdicts:?}"),
        count => assert!(20 * right >= 19 * count, "{verdicts:?}"),
    }
}

#[test]
fn a_tenth_more_work_is_slower_and_the_same_work_is_not() {
    let (some, more) = (turns(4000, "y"), turns(4400, "y"));
    expect(Verdict::Slower, [&some, &more]);
    expect(Verdict::Same, [&some, &some]);
}

#[test]
fn results_of_two_shaders_are_compared_by_place_and_by_name() {
    let found = duel([&turns(9, "y"), &turns(9, "z")], 1);
    let [output] = &found.outputs[..] else { panic!("{found:?}") };
    assert!(
        output.passes() && output.difference.as_ref().is_some_and(|d| d.numbers == 16 << 10),
        "{output:?}"
    );
    let other = turns(9, "y").replace("x[id.x] + select", "x[id.x] * 2.0 + select");
    let found = duel([&turns(9, "y"), &other], 1);
    assert!(!found.outputs[0].passes(), "{found:?}");
    let moved = turns(9, "z").replace("@binding(0)", "@binding(4)");
    let both = [&turns(9, "y"), &moved].map(|source| shader(source).unwrap());
    let (resources, contents) = filled(&both[0], &["0=64K", "1=64K"]).unwrap();
    let (others, mut other_contents) = filled(&both[1], &["4=32K", "1=64K"]).unwrap();
    let job = Job { shader: &both[0], resources: &resources, contents: &contents, workgroups: [1; 3] };
    other_contents[0].each[0].fill(0);
    job.share(&others, &mut other_contents);
    assert_eq!(other_contents[0].each[0], contents[1].each[0]);
    assert_ne!(other_contents[1].each[0].len(), contents[0].each[0].len());
}
