"""Compiles HLSL with Microsoft's compiler, as it lies in the package compushady-lrtu, and prints what it says against it.

Arguments: files, each with one entry point.
"""
import ctypes
import importlib.util
import os
import re
import sys


class Guid(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint32), ("b", ctypes.c_uint16), ("c", ctypes.c_uint16), ("d", ctypes.c_uint8 * 8)]


class Source(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("size", ctypes.c_size_t), ("encoding", ctypes.c_uint32)]


UTF_8 = 65001
POINTER = ctypes.c_void_p


def guid(text):
    a, b, c, d, e = text.split("-")
    return Guid(int(a, 16), int(b, 16), int(c, 16), (ctypes.c_uint8 * 8).from_buffer_copy(bytes.fromhex(d + e)))


def method(instance, place, result, *types):
    """The method at a place in the table that a COM object begins with."""
    table = ctypes.cast(instance, ctypes.POINTER(ctypes.POINTER(POINTER))).contents
    return ctypes.CFUNCTYPE(result, POINTER, *types)(table[place])


def compiler():
    package = os.path.dirname(importlib.util.find_spec("compushady").origin)
    library = ctypes.CDLL(os.path.join(package, "backends", "libdxcompiler_x86_64.so"))
    made = POINTER()
    ids = guid("73e22d93-e6ce-47f3-b5bf-f0664f39c1b0"), guid("228b4687-5a6a-4730-900c-9702b2203f54")
    status = library.DxcCreateInstance(ctypes.byref(ids[0]), ctypes.byref(ids[1]), ctypes.byref(made))
    assert status == 0, f"no compiler: {status:#x}"
    return made


def objection(dxc, path):
    """What the compiler says against a file; nothing if it takes it."""
    with open(path, "rb") as file:
        text = file.read()
    entry = re.search(rb"\[numthreads\([^)]*\)\]\s*void\s+(\w+)", text).group(1).decode()
    words = ["-E", entry, "-T", "cs_6_6", "-HV", "2018", "-enable-16bit-types", "-no-warnings"]
    words = (ctypes.c_wchar_p * len(words))(*words)
    source = Source(ctypes.cast(ctypes.c_char_p(text), POINTER), len(text), UTF_8)
    wanted = guid("58346cda-dde7-4497-9461-6f87af5e0659")
    result, status, errors = POINTER(), ctypes.c_int32(), POINTER()
    compile_it = method(dxc, 3, ctypes.c_int32, POINTER, POINTER, ctypes.c_uint32, POINTER, POINTER, POINTER)
    done = compile_it(
        dxc,
        ctypes.byref(source),
        ctypes.cast(words, POINTER),
        len(words),
        None,
        ctypes.byref(wanted),
        ctypes.byref(result),
    )
    assert done == 0, f"{path}: {done:#x}"
    method(result, 3, ctypes.c_int32, POINTER)(result, ctypes.byref(status))
    if status.value == 0:
        return ""
    method(result, 5, ctypes.c_int32, POINTER)(result, ctypes.byref(errors))
    said = ctypes.string_at(method(errors, 3, POINTER)(errors)) if errors else b"without a word"
    return said.decode(errors="replace").strip()


dxc = compiler()
for path in sys.argv[1:]:
    said = objection(dxc, path)
    lines = " ".join(said.split())
    print(f"{'refused' if said else 'taken'}\t{path}\t{lines[:400]}")
