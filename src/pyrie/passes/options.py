"""What a compile may be told, by phase. Every field has a flag of `pyrie compile` (tools/compile.py) and takes part in the cache key."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class CompileOptions:
    """Options of all phases; each phase reads its own."""

    # target
    target_devices: tuple[str, ...] = ("local",)  # what `iree-hal-assign-target-devices` reads; a program that names devices keeps its own
    default_device: str = ""  # the name or number of the device for what says nothing; by default the first
    target_backends: tuple[str, ...] = ("llvm-cpu",)  # what makes code for the device `local`: `llvm-cpu`, `reference`
    legacy_target_backends: tuple[str, ...] = ()  # instead of devices: one device for each backend, the first that is there is used
    cpu: str = "host"  # `host`, `generic`, or a name LLVM knows: `x86-64-v3`, `znver4`
    cpu_features: str = ""  # `+avx2,-fma`: added to or taken from those of `cpu`

    # input and abi
    input_type: str = "auto"  # `auto`, `none`, `stablehlo`, `onnx`
    demote_f64_to_f32: bool = False
    demote_i64_to_i32: bool = False
    execution_model: str = "async-internal"  # `async-internal`, `async-external`, `inline-static`

    # middle
    opt_level: int = 2  # 0 lowers only; 1 adds what shrinks the program; 2 adds what makes it fast
    const_eval: bool = True
    preprocessing_pipeline: str = ""  # of --iree-preprocessing-pass-pipeline, e.g. `builtin.module(util.func(my-pass))`

    # stream and hal
    memoization: bool = True
    indirect_command_buffers: bool = True
    force_indirect_command_buffers: bool = False
    memoize_dynamic: bool = True
    memo_entries: int = 8  # results kept for each region that depends on numbers
    memo_minimum_dispatches: int = 1  # of a recording worth keeping: our runtime records one in 85 us, and a miss costs 10 us
    memo_lazy: bool = False  # run memoize regions when first needed, not when the program is loaded
    link_executables: bool = True

    # vm and module
    strip_debug_info: bool = False
    emit_debug_info: bool = False

    # executables by hand: files that take the place of the compiler's (`executable=file`), and what changes each of them
    executable_object_search_path: tuple[str, ...] = ()
    substitute_executable_sources: tuple[str, ...] = ()
    substitute_executable_sources_from: str = ""
    substitute_executable_configurations: tuple[str, ...] = ()
    substitute_executable_configurations_from: str = ""
    substitute_executable_objects: tuple[str, ...] = ()
    substitute_executable_objects_from: str = ""
    preprocess_executables_with: tuple[str, ...] = ()  # commands, and pipelines that begin with `builtin.module`
    instrument_dispatches: str = ""  # the size of the ring buffer: `64mib`; by default there is none
    dispatch_repeat_count: int = 1
    executable_debug_level: int = 2  # from 3 on executables keep their texts

    # what to write besides the module, into which directory; `executables` stands for all those of executables
    dump_executables_to: str = ""
    dump_executable_sources_to: str = ""
    dump_executable_configurations_to: str = ""
    dump_executable_benchmarks_to: str = ""
    dump_executable_intermediates_to: str = ""
    dump_executable_binaries_to: str = ""

    @property
    def uses_files(self) -> bool:
        """Whether the result depends on files, or files on the compile: then it is not kept in a cache."""
        return any(getattr(self, field.name) for field in fields(self) if field.name.startswith(("dump_", "substitute_", "preprocess_")))

    def dump_directory(self, kind: str) -> str:
        """Where to write the `sources`, `configurations`, ... of executables; empty if they are not wanted."""
        return getattr(self, f"dump_executable_{kind}_to") or self.dump_executables_to
