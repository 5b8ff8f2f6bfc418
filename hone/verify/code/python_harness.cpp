#include "hone/verify/code/python_harness.h"

namespace hone {
namespace {

constexpr const char* kCommon = R"PY(
import ast, atexit, bisect, builtins, collections, copy, dataclasses, datetime, decimal, fractions, functools
import heapq, io, itertools, json, linecache, math, operator, os, random, re, statistics, string, sys, time
import traceback, types, typing

if hasattr(sys, 'set_int_max_str_digits'):
    sys.set_int_max_str_digits(20000)


class NotPlain(Exception):
    pass


def to_plain(value, depth=0):
    """Plain data as JSON with tags. Subclasses count as what they extend: what they override is not asked."""
    if depth > 200:
        raise NotPlain('nested too deeply')
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value) if kind is not str else value
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, float):
        value = float.__float__(value)
        return value if math.isfinite(value) else {'f': repr(value)}
    if issubclass(kind, complex):
        return {'c': [to_plain(value.real), to_plain(value.imag)]}
    if issubclass(kind, (bytes, bytearray)):
        return {'b': bytes(value).decode('latin-1')}
    if issubclass(kind, list):
        return [to_plain(item, depth + 1) for item in list.__iter__(value)]
    if issubclass(kind, tuple):
        return {'t': [to_plain(item, depth + 1) for item in tuple.__iter__(value)]}
    if issubclass(kind, set):
        return {'s': [to_plain(item, depth + 1) for item in set.__iter__(value)]}
    if issubclass(kind, frozenset):
        return {'s': [to_plain(item, depth + 1) for item in frozenset.__iter__(value)]}
    if issubclass(kind, dict):
        return {'d': [[to_plain(k, depth + 1), to_plain(v, depth + 1)] for k, v in dict.items(value)]}
    raise NotPlain('%s is no plain data' % kind.__name__)


def from_plain(value):
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    (tag, content), = value.items()
    if tag == 'f':
        return {'nan': math.nan, 'inf': math.inf, '-inf': -math.inf}[content]
    if tag == 'c':
        real, imaginary = map(from_plain, content)
        return complex(real, imaginary)
    if tag == 'b':
        return content.encode('latin-1')
    if tag == 't':
        return tuple(from_plain(item) for item in content)
    if tag == 's':
        return {from_plain(item) for item in content}
    if tag == 'd':
        return {from_plain(k): from_plain(v) for k, v in content}
    raise ValueError('unknown tag')


def encode(value):
    return json.dumps(value, separators=(',', ':'))


def describe(error):
    try:
        text = str(error)
    except BaseException:
        text = ''
    return ('%s: %s' % (type(error).__name__, text))[:500]


def open_streams():
    sys.stdin = sys.__stdin__ = open(0, encoding='utf-8', errors='surrogateescape', closefd=False)
    sys.stdout = sys.__stdout__ = open(1, 'w', encoding='utf-8', errors='surrogateescape', closefd=False)
    sys.stderr = sys.__stderr__ = open(2, 'w', encoding='utf-8', errors='backslashreplace', closefd=False,
                                       buffering=1)


def compile_main():
    with open('main.py', encoding='utf-8', errors='replace') as file:
        source = file.read()
    linecache.cache['main.py'] = (len(source), None, source.splitlines(True), 'main.py')
    return compile(source, 'main.py', 'exec', dont_inherit=True)


def new_main(code):
    module = types.ModuleType('__main__')
    module.__file__ = 'main.py'
    sys.modules['__main__'] = module
    sys.argv = ['main.py']
    exec(code, module.__dict__)
    return module


def show(error):
    # Without the frames of this file.
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != 'main.py':
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)
)PY";

constexpr const char* kCandidate = R"PY(
def run_main():
    open_streams()
    try:
        code = compile_main()
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        show(error)
        sys.stderr.flush()
        os._exit(123)
    status = 0
    try:
        new_main(code)
    except SystemExit as error:
        if error.code is None:
            status = 0
        elif isinstance(error.code, int):
            status = error.code & 255
        else:
            print(error.code, file=sys.stderr)
            status = 1
    except BaseException as error:
        show(error)
        status = 1
    # What the interpreter does at its end.
    try:
        if 'threading' in sys.modules:
            sys.modules['threading']._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException as error:
        show(error)
        status = status or 1
    os._exit(status)


def load_candidate():
    """The candidate's module, or the error that it ended with as text."""
    open_streams()
    sys.stdin = open('/dev/null')
    try:
        return new_main(compile_main()), None
    except BaseException as error:
        return None, describe(error)


def call(function, args, kwargs):
    try:
        return {'v': to_plain(function(*args, **kwargs))}
    except NotPlain as error:
        return {'e': 'the result holds what is no plain data: %s' % error, 'n': 'NotPlain'}
    except BaseException as error:
        return {'e': describe(error), 'n': type(error).__name__}


def run_calls():
    with open('cases.json', encoding='utf-8') as file:
        spec = json.load(file)
    module, failure = load_candidate()
    write = os.write

    def put(record):
        data = (encode(record) + '\n').encode()
        while data:
            data = data[write(3, data):]

    if failure is None:
        function = getattr(module, spec['entry_point'], None)
        if function is None and callable(getattr(getattr(module, 'Solution', None), spec['entry_point'], None)):
            try:
                function = getattr(module.Solution(), spec['entry_point'])
            except BaseException as error:
                failure = describe(error)
        elif not callable(function):
            failure = '%s is not defined' % spec['entry_point']
    if failure is not None:
        put({'e': failure})
        os._exit(0)
    for case in spec['cases']:
        put(call(function, case['args'], case['kwargs']))
    os._exit(0)


def serve_calls():
    requests = open(3, 'rb', closefd=False)
    module, failure = load_candidate()

    def put(record):
        data = (encode(record) + '\n').encode()
        while data:
            data = data[os.write(4, data):]

    if failure is not None:
        put({'e': failure})
        os._exit(0)
    put({'names': [name for name, value in vars(module).items() if callable(value)]})
    for line in requests:
        request = json.loads(line)
        function = getattr(module, request['name'], None)
        put(call(function, from_plain(request['args']), {k: from_plain(v) for k, v in request['kwargs'].items()}))
    os._exit(0)
)PY";

constexpr const char* kTests = R"PY(
class CandidateGone(BaseException):
    pass


class CandidateError(Exception):
    pass


class Candidate:
    """Speaks with the process that holds the candidate. What comes back is data, whatever it says."""
    longest = 16 << 20

    def __init__(self):
        self.buffer = b''
        self.names = set()
        self.gone = None

    def end(self, why):
        # Remembered: the tests may catch everything.
        self.gone = self.gone or why
        raise CandidateGone(why)

    def read(self):
        while b'\n' not in self.buffer:
            piece = os.read(3, 1 << 16)
            if not piece or len(self.buffer) > self.longest:
                self.end('the program ended during a call' if not piece else 'too long an answer')
            self.buffer += piece
        line, self.buffer = self.buffer.split(b'\n', 1)
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            self.end('no answer that can be read')
        return record

    def begin(self):
        record = self.read()
        if 'names' not in record:
            self.end(str(record.get('e', 'no answer that can be read'))[:500])
        self.names = {name for name in record['names'] if isinstance(name, str)}

    def call(self, name, args, kwargs):
        try:
            request = encode({'name': name, 'args': to_plain(list(args)),
                              'kwargs': {k: to_plain(v) for k, v in kwargs.items()}})
        except NotPlain as error:
            raise Broken('an argument of the tests: %s' % error)
        data = (request + '\n').encode()
        try:
            while data:
                data = data[os.write(4, data):]
        except OSError:
            self.end('the program ended during a call')
        record = self.read()
        if 'v' in record:
            try:
                return from_plain(record['v'])
            except Exception:
                self.end('no answer that can be read')
        kind = getattr(builtins, str(record.get('n')), None)
        text = str(record.get('e', ''))[:500]
        if isinstance(kind, type) and issubclass(kind, Exception):
            error = CandidateError(text)
            try:
                error = kind(text.partition(': ')[2])
            except Exception:
                pass
            raise error
        raise CandidateError(text)

    def proxy(self, name):
        def function(*args, **kwargs):
            return self.call(name, args, kwargs)
        function.__name__ = function.__qualname__ = name
        return function


class Broken(BaseException):
    pass


def free_names(source):
    """Names that are read, and whether each is read only as `name.attribute`."""
    loads, bound = {}, set()
    tree = ast.parse(source)
    dotted = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                loads[node.id] = loads.get(node.id, True) and id(node) in dotted
            else:
                bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return {name: only for name, only in loads.items() if name not in bound}


def defined_names(source):
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def run_tests():
    with open('tests.json', encoding='utf-8') as file:
        spec = json.load(file)

    def put(record):
        data = (encode(record) + '\n').encode()
        while data:
            data = data[os.write(5, data):]

    candidate = Candidate()
    space = {'__name__': '__tests__'}
    try:
        if spec['kind'] == 'check':
            exec(compile(spec['prompt'] + '\n    pass\n' if spec['prompt'].strip() else '', 'prompt', 'exec'), space)
            exec(compile(spec['test'], 'test', 'exec'), space)
            check = space['check']
            statements = [lambda: check(space[spec['entry_point']])]
            wanted = {spec['entry_point']}
        else:
            exec(compile(spec['setup'], 'setup', 'exec'), space)
            codes = [compile(text, 'test', 'exec') for text in spec['statements']]
            statements = [functools.partial(exec, code, space) for code in codes]
            # The candidate may stand for a name that nothing else explains, never for one of ours.
            reference = defined_names(spec['reference'])
            wanted = set()
            for text in spec['statements']:
                for name, dotted in free_names(text).items():
                    if name in reference and name not in space:
                        wanted.add(name)
                    elif name in space or hasattr(builtins, name):
                        pass
                    elif dotted and name in getattr(sys, 'stdlib_module_names', ()):
                        space[name] = __import__(name)
                    else:
                        wanted.add(name)
    except BaseException as error:
        put({'broken': describe(error)})
        os._exit(0)

    try:
        candidate.begin()
        for name in wanted:
            if name in candidate.names:
                space[name] = candidate.proxy(name)
            else:
                space.pop(name, None)
                candidate.end('%s is not defined' % name)
    except CandidateGone:
        pass
    for i, statement in enumerate(statements):
        why = None
        if candidate.gone is None:
            try:
                statement()
            except CandidateGone:
                pass
            except Broken as error:
                put({'broken': str(error)})
                os._exit(0)
            except AssertionError as error:
                why = 'assertion failed' + (': %s' % error if str(error) else '')
                why = why[:500] + where(error)
            except BaseException as error:
                why = describe(error) + where(error)
        why = candidate.gone or why
        put({'test': i, 'ok': why is None, 'why': why or ''})
    os._exit(0)


def where(error):
    """The line of the test's own text that failed."""
    line = None
    frames = error.__traceback__
    while frames is not None:
        if frames.tb_frame.f_code.co_filename == 'test':
            line = frames.tb_lineno
        frames = frames.tb_next
    return '' if line is None else ' (line %d of the test)' % line
)PY";

}  // namespace

std::string python_prelude() { return std::string(kCommon) + kCandidate + kTests; }

}  // namespace hone
