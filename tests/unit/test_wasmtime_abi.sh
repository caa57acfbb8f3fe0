#!/bin/bash
# What modules/runtime/wasmtime/abi/wasmtime.h declares is what the library's own package says of it: its bindings for Python,
# which are made from wasmtime's headers, lie beside the library that build-aux/wasmtime has fetched.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"

header=$top_srcdir/modules/runtime/wasmtime/abi/wasmtime.h
fetched=$("$top_srcdir/build-aux/wasmtime" --path)
[ -e "$fetched/_bindings.py" ] || skip_all "no library from build-aux/wasmtime"
plan 2

# Structs as C lays them out: "NAME SIZE" and "NAME.MEMBER OFFSET".
{
	echo '#include <stdio.h>'
	echo "#include \"$header\""
	echo 'int main(void) {'
	python3 - "$header" <<'END'
import re, sys
text = re.sub(r'/\*.*?\*/', '', open(sys.argv[1]).read(), flags=re.S)
for body, name in re.findall(r'typedef (?:struct|union)[^;{]*\{((?:[^{}]|\{[^{}]*\})*)\}\s*(\w+);', text):
    print(f'printf("{name} %zu\\n", sizeof({name}));')
    flat = re.sub(r'struct \{([^}]*)\};', r'\1', body)
    for member in re.findall(r'(?:\(\*(\w+)\)\([^;]*|(\w+));', flat):
        member = member[0] or member[1]
        print(f'printf("{name}.{member} %zu\\n", __builtin_offsetof({name}, {member}));')
END
	echo 'return 0; }'
} >layout.c
cc -o layout layout.c || bail "layout.c does not compile"
./layout >ours

# The same of the bindings, of what is in `ours`; and each function, with a letter for each parameter.
python3 - "$fetched/_bindings.py" "$header" ours >theirs 2>functions <<'END'
import ctypes, re, sys, types

class Function:
    restype = argtypes = None

class Library:
    def __getattr__(self, name):
        return self.__dict__.setdefault(name, Function())

source = open(sys.argv[1]).read()
ffi = types.ModuleType('bindings._ffi')
ffi.dll = library = Library()
class value(ctypes.Structure):
    pass
ffi.wasm_val_t = ffi.wasm_ref_t = value
sys.modules['bindings'] = types.ModuleType('bindings')
sys.modules['bindings._ffi'] = ffi
space = {'__name__': 'bindings._bindings', '__package__': 'bindings'}
exec(compile(source, 'bindings', 'exec'), space)

def of(struct, name):
    if name == 'global': # a word of Python's
        name += '_'
    if hasattr(struct, name):
        return getattr(struct, name).offset
    for member, kind in struct._fields_: # a struct without a name in it
        if isinstance(kind, type) and issubclass(kind, ctypes.Structure) and hasattr(kind, name):
            return getattr(struct, member).offset + getattr(kind, name).offset
    return 'missing'

for line in open(sys.argv[3]):
    name = line.split()[0]
    struct, _, member = name.partition('.')
    kind = space.get(struct)
    if kind is None:
        print(name, 'missing')
    else:
        print(name, of(kind, member) if member else ctypes.sizeof(kind))

# pointers and functions p, numbers by their size, nothing v
def letter(kind):
    if kind is None:
        return 'v'
    if issubclass(kind, (ctypes._Pointer, ctypes._CFuncPtr, ctypes.c_void_p, ctypes.c_char_p)):
        return 'p'
    return str(ctypes.sizeof(kind))

def written(text):
    text = text.strip()
    if '(*' in text or '*' in text or '[' in text or 'callback_t' in text:
        return 'p'
    if text == 'void':
        return 'v'
    word = [w for w in text.split() if w != 'const'][0]
    return {'size_t': '8', 'uint64_t': '8', 'int64_t': '8', 'bool': '1', 'uint32_t': '4',
            'wasm_valkind_t': '1'}[word]

def split(text):
    depth, part, parts = 0, '', []
    for c in text:
        depth += (c == '(') - (c == ')')
        if c == ',' and depth == 0:
            parts.append(part)
            part = ''
        else:
            part += c
    return parts + [part]

text = re.sub(r'/\*.*?\*/', '', open(sys.argv[2]).read(), flags=re.S)
count = 0
for result, name, parameters in re.findall(r'^(?!typedef)([\w ]+[\s*]+)(\w+)\(((?:[^()]|\((?:[^()])*\))*)\);', text, flags=re.M):
    function = library.__dict__.get(name)
    ours = written(result + (' ' if '*' in result else '')) + ':' + ''.join(written(p) for p in split(parameters)).replace('v', '')
    theirs = 'missing'
    if function and function.argtypes is not None:
        theirs = letter(function.restype) + ':' + ''.join(letter(p) for p in function.argtypes)
    count += 1
    if ours != theirs:
        print(f'{name}: {ours}, but {theirs}', file=sys.stderr)
if count < 50:
    print(f'only {count} functions were found', file=sys.stderr)
END

is "every struct has the size and offsets that it has in the bindings" "$(diff ours theirs)" ""
is "every function has the parameters that it has in the bindings" "$(cat functions)" ""
