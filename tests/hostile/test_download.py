"A file from a URL: whatever a server, a URL or a disk does, it is the published file or a clear error."
import hashlib
import http.server
import os
import resource
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pooch
import pytest
from table import Case, Fails, Works, table

from clsparts.core.errors import ConfigError
from clsparts.files import downloads as module
from clsparts.files.downloads import MAX_DOWNLOAD, cached_at, download

BODY = bytes(range(256)) * 40                                             # the published file
SHA = hashlib.sha256(BODY).hexdigest()
PAGE = b'<!DOCTYPE html><html><body>Please log in</body></html>'


def reply(body=BODY, status='200 OK', length=..., **headers):
    "The bytes of a reply; a length of None announces none"
    length = len(body) if length is ... else length
    lines = [
        f'HTTP/1.1 {status}',
        'Connection: close',
        *([] if length is None else [f'Content-Length: {length}']),
        *(f'{k.replace("_", "-")}: {v}' for k, v in headers.items()),
    ]
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def to(where, status='302 Found'):
    return reply(b'', status, Location=where)


class Handler(http.server.BaseHTTPRequestHandler):
    "Sends the replies in their order, the last one again and again; a function writes for itself"
    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get('Range')))
        given = server.replies[min(len(server.asked), len(server.replies)) - 1]
        self.close_connection = True
        with suppress(OSError):                               # the client has hung up
            given(self) if callable(given) else self.wfile.write(given)


@pytest.fixture(scope='module')
def server():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads, server.handle_error = True, lambda *args: None
    threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=.02), daemon=True).start()
    server.home = f'http://127.0.0.1:{server.server_port}'
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def one_try(monkeypatch):
    monkeypatch.setattr(module, 'RETRIES', 0)


@pytest.fixture
def get(server, tmp_path):
    "Download with these replies"
    def get(*replies, name='net.pth', folder=tmp_path/'cache', **options):
        server.replies, server.asked = replies, []
        return download(f'{server.home}/{name}', folder, progress=False, **{'timeout': 10., **options})
    return get


def kept(folder):
    return sorted(p.name.partition('-')[2] for p in folder.glob('*') if p.suffix != '.lock')


def endless(handler):
    "Bytes without an end"
    handler.wfile.write(reply(b'', length=None))
    while True:
        handler.wfile.write(bytes(100_000))


def silent(handler):
    "Half of the file, and then nothing"
    handler.wfile.write(reply(BODY[:5000], length=len(BODY), ETag='"v"'))
    handler.wfile.flush()
    time.sleep(5)


def moved(handler):
    "A redirect whose own content has no end"
    handler.wfile.write(reply(b'', '302 Found', length=None, Location='/other'))
    while True:
        handler.wfile.write(bytes(100_000))


def chunked(*pieces):
    return reply(
        b''.join(f'{len(p):x}\r\n'.encode() + p + b'\r\n' for p in pieces), length=None, Transfer_Encoding='chunked'
    )


REPLIES = [
    Case(name, given, then)
    for name, given, then in [
        ('plain', [reply()], Works()),
        ('no length', [reply(length=None)], Works()),
        ('length twice', [reply(length=f'{len(BODY)}, {len(BODY)}')], Works()),
        ('length in two headers', [reply(length=f'{len(BODY)}\r\nContent-Length: {len(BODY)}')], Works()),
        ('chunked', [chunked(BODY[:7], BODY[7:], b'')], Works()),
        (
            'chunked, with a wrong length',
            [chunked(BODY, b'').replace(b'Transfer', b'Content-Length: 3\r\nTransfer')],
            Works(),
        ),
        ('text/plain', [reply(Content_Type='text/plain; charset=utf-8')], Works()),
        ('binary/octet-stream', [reply(Content_Type='binary/octet-stream')], Works()),
        ('encoding of identity', [reply(Content_Encoding='identity')], Works()),
        ('a redirect', [to('/other'), reply()], Works()),
        ('a redirect with a space', [to('/a b.pth'), reply()], Works()),
        ('a redirect without an end', [moved, reply()], Works()),
        ('ten redirects', [to('/x', '307 Temporary Redirect')] * 10 + [reply()], Works()),
        ('more than announced', [reply(BODY + b'more', length=len(BODY))], Works()),
        ('an ETag with control characters', [reply(ETag='"a\x1b[2Jb"')], Works()),
        ('an ETag of 50 kB', [reply(ETag=f'"{"e" * 50_000}"')], Works()),
        ('length abc', [reply(length='abc')], Fails(mentions=('Content-Length', 'abc'))),
        ('length 1, 1', [reply(length='1, 1', body=b'x')], Works(b'x')),
        ('length 1, 2', [reply(length='1, 2')], Fails(mentions='Content-Length')),
        ('length negative', [reply(length=-1)], Fails(mentions='Content-Length')),
        ('length of 5,000 digits', [reply(length='9' * 5000)], Fails(mentions='Content-Length')),
        ('length with a plus', [reply(length='+5')], Fails(mentions='Content-Length')),
        ('length in other digits', [reply(length='\xb2')], Fails(mentions='Content-Length')),
        ('length of a petabyte', [reply(length=10**15)], Fails('max_bytes', 'max_bytes=')),
        ('less than announced', [reply(length=len(BODY) + 1)], Fails(mentions='the connection broke')),
        ('chunks cut off', [chunked(BODY)], Fails(mentions='the connection broke')),
        ('chunks of a size that is none', [reply(b'zz\r\nabc', length=None, Transfer_Encoding='chunked')], Fails()),
        ('endless', [endless], Fails('max_bytes')),
        ('silence half way', [silent], Fails(mentions='the connection broke')),
        ('empty', [reply(b'')], Fails(mentions='empty')),
        ('empty without a length', [reply(b'', length=None)], Fails(mentions='empty')),
        ('nothing at all', [b''], Fails()),
        ('not HTTP', [b'SSH-2.0-OpenSSH\r\n'], Fails()),
        ('a header of 100 kB', [reply(X='x' * 100_000)], Fails()),
        ('a thousand headers', [reply(**{f'X{i}': 1 for i in range(1000)})], Fails()),
        ('204', [reply(b'', '204 No Content')], Fails(mentions='HTTP 204')),
        ('205', [reply(b'', '205 Reset Content')], Fails(mentions='HTTP 205')),
        ('203', [reply(status='203 Non-Authoritative Information')], Fails(mentions='HTTP 203')),
        (
            '206 that was not asked for',
            [reply(status='206 Partial Content', Content_Range=f'bytes 0-{len(BODY) - 1}/{len(BODY)}')],
            Fails(mentions='HTTP 206'),
        ),
        ('304', [reply(b'', '304 Not Modified')], Fails(mentions='HTTP 304')),
        ('401', [reply(b'', '401 Unauthorized')], Fails(mentions='login')),
        ('404 with escape codes', [reply(b'', '404 \x1b[2J')], Fails(mentions='no such file')),
        ('416 though all was asked for', [reply(b'', '416 Range Not Satisfiable')], Fails(mentions='HTTP 416')),
        ('500', [reply(b'', '500 Internal Server Error')], Fails(mentions='Try again later')),
        ('999', [reply(b'', '999 Denied')], Fails()),
        ('gzip', [reply(Content_Encoding='gzip')], Fails(mentions='gzip')),
        ('an unknown encoding', [reply(Content_Encoding='\x1b[2J')], Fails()),
        (
            'a login page',
            [reply(PAGE, Content_Type='text/html; charset=utf-8')],
            Fails(mentions=('web page', 'browser')),
        ),
        ('a page of no type', [reply(PAGE)], Fails(mentions='web page')),
        ('a page after a mark and spaces', [reply(b'\xef\xbb\xbf\r\n  <HTML lang="en">')], Fails(mentions='web page')),
        ('a page behind a redirect', [to('/login'), reply(PAGE, Content_Type='text/html')], Fails(mentions='web page')),
        ('redirect to a file', [to('file:///etc/passwd')], Fails(mentions='http')),
        ('redirect to ftp', [to('ftp://127.0.0.1/x')], Fails(mentions='http')),
        ('redirect to data', [to('data:,x')], Fails(mentions='http')),
        ('redirect to no URL', [to('http://[::1')], Fails(mentions='redirects')),
        ('redirect to itself', [to('/net.pth')], Fails(mentions='without end')),
        (
            'redirect ever further',
            [lambda h: h.wfile.write(to(f'/{len(h.server.asked)}'))],
            Fails(mentions='without end'),
        ),
        ('redirect to nowhere', [reply(b'', '302 Found')], Fails(mentions='HTTP 302')),
        ('redirect with a password', [to('http://me:secret@127.0.0.1/')], Fails(mentions='passwords')),
    ]
]


def test_a_gz_that_is_called_encoded(get):
    assert get(reply(Content_Encoding='gzip'), name='net.pth.gz').read_bytes() == BODY


def test_a_page_that_is_asked_for(get):
    assert get(reply(PAGE, Content_Type='text/html'), name='index.html').read_bytes() == PAGE


def test_a_page_under_a_name_without_an_ending(get):
    Case('', None, Fails(mentions='web page')).check(lambda: get(reply(PAGE), name='download?id=3'))


def test_a_proxy_that_speaks_another_protocol(get, monkeypatch):
    monkeypatch.setenv('http_proxy', 'socks5://127.0.0.1:1')
    monkeypatch.delenv('no_proxy', raising=False)
    Case('', None, Fails(mentions='no reply')).check(lambda: get(reply()))


@table(REPLIES)
def test_replies(case, get, tmp_path):
    options = (
        dict(max_bytes=2_000_000) if case.name == 'endless' else dict(timeout=1.0) if 'silence' in case.name else {}
    )
    found = case.check(lambda: get(*case.given, **options).read_bytes())
    if isinstance(case.then, Works):
        assert kept(tmp_path/'cache') == ['net.pth'] and (found == BODY or case.then.value is not ...)
    else:
        assert kept(tmp_path/'cache') == [] and 'secret' not in str(found)


URLS = [Case(name, given, then) for name, given, then in [
    ('a space', 'a b.pth', Works('/a%20b.pth')),
    ('an umlaut', 'ü.pth', Works('/%C3%BC.pth')),
    ('encoded already', 'a%20b%2Fc.pth', Works('/a%20b%2Fc.pth')),
    ('a percent sign', '100%.pth', Works('/100%25.pth')),
    ('120 CJK letters', '网' * 120 + '.pth', Works()),
    ('250 letters', 'n' * 250 + '.pth', Works()),
    ('only dots', '..', Works()),
    ('a fragment', 'net.pth#top', Works('/net.pth')),
    ('a query', 'net.pth?a=b c&d=/é', Works('/net.pth?a=b%20c&d=/%C3%A9')),
    ('a query of a page', '?net.pth', Works('/?net.pth')),
    ('empty path', '', Works('/')),
    ('brackets and quotes', '[x]"<y>.pth', Works('/%5Bx%5D%22%3Cy%3E.pth')),
    ('a backslash', 'a\\b.pth', Works('/a%5Cb.pth')),
    ('a line end at its end', 'net.pth\n', Works('/net.pth')),
    ('NUL', 'a\0b.pth', Fails(mentions='characters')),
    ('a line end within', 'a\r\nHost: b.pth', Fails(mentions='characters')),
    ('an escape code', '\x1b[2J.pth', Fails(mentions='characters')),
    ('half a surrogate pair', '\ud800.pth', Works('/%ED%A0%80.pth')),
]]


@table(URLS)
def test_paths(case, get, server):
    def asked():
        get(reply(), name=case.given)
        return server.asked[-1][0]
    case.check(asked)


WHOLE = [Case(name, url, Fails(mentions=words)) for name, url, words in [
    ('not closed', 'http://[::1', 'URL'),
    ('port of letters', 'http://127.0.0.1:http/x', 'port'),
    ('port of 5,000 digits', f'http://127.0.0.1:{"9" * 5000}/', 'URL'),
    ('port too large', 'http://127.0.0.1:65536/x', 'port'),
    ('port negative', 'http://127.0.0.1:-1/x', 'port'),
    ('a password', 'http://me:secret@127.0.0.1/x', 'passwords'),
    ('a password and no port', 'http://me:secret@127.0.0.1:x/', 'passwords'),
    ('a user', 'http://me@127.0.0.1/x', 'user names'),
    ('no host', 'http:///x', 'http://'),
    ('a host with a space', 'http://a b/x', 'characters'),
    ('a host with a bracket', 'http://a[b]/x', 'URL'),
    ('a label of 70 letters', f'http://{"a" * 70}.org/x', 'label'),
    ('an empty label', 'http://a..org/x', 'label'),
    ('file', 'file:///etc/passwd', 'by its path'),
    ('ftp', 'ftp://127.0.0.1/x', 'http://'),
    ('a path', '/tmp/net.pth', 'by its path'),
    ('nothing', '', 'http://'),
    ('None', None, 'http://'),
    ('a megabyte', 'x' * 1_000_000, 'http://'),
    ('nobody there', 'http://127.0.0.1:1/x', 'no reply'),
]]


@table(WHOLE)
def test_urls(case, tmp_path):
    error = case.check(lambda: download(case.given, tmp_path, progress=False, timeout=2.))
    assert 'secret' not in str(error)


ARGUMENTS = [
    Case(name, given, Fails(next(iter(given))))
    for name, given in [
        ('a hash of letters', dict(sha256='sha')),
        ('an empty hash', dict(sha256='')),
        ('a short hash', dict(sha256='12345')),
        ('a hash of bytes', dict(sha256=b'12345678')),
        ('a timeout of zero', dict(timeout=0)),
        ('a timeout of NaN', dict(timeout=float('nan'))),
        ('an endless timeout', dict(timeout=float('inf'))),
        ('a timeout of True', dict(timeout=True)),
        ('a timeout of letters', dict(timeout='30')),
        ('no bytes', dict(max_bytes=0)),
        ('a folder with NUL', dict(folder='a\0b')),
        ('the home of nobody', dict(folder='~no-such-user/x')),
    ]
]


@table(ARGUMENTS)
def test_arguments(case, get):
    case.check(lambda: get(reply(), **case.given))


def test_cache_of_nobody(get, monkeypatch):
    monkeypatch.setenv('CLSPARTS_CACHE', '~no-such-user/x')
    Case('', None, Fails('CLSPARTS_CACHE', 'no-such-user')).check(lambda: get(reply(), folder=None))


@contextmanager
def files_up_to(size):
    "A disk that is full after so many bytes per file"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_disk_full(get, tmp_path):
    with files_up_to(4000):
        error = Case('', None, Fails(mentions=('net.pth', 'free some space'), error=OSError)).check(
            lambda: get(reply(ETag='"v"'))
        )
    assert str(tmp_path) in str(error)
    assert get(reply()).read_bytes() == BODY


DISKS = [Case(name, given, Fails(mentions=('cache', 'CLSPARTS_CACHE'), error=OSError)) for name, given in [
    ('the folder is a file', lambda f: f.joinpath('cache').write_bytes(b'') and None or f/'cache'),
    ('a folder above it is a file', lambda f: f.joinpath('cache').write_bytes(b'') and None or f/'cache'/'weights'),
    ('a link to itself', lambda f: f.joinpath('cache').symlink_to(f/'cache') or f/'cache'),
    ('a name of 300 letters', lambda f: f/('cache' * 60)),
]]


@table(DISKS)
def test_folders(case, get, tmp_path):
    folder = case.make(tmp_path)
    case.check(lambda: get(reply(), folder=folder))


def test_cached_in_a_folder_that_cannot_be_written_to(get, tmp_path):
    path = get(reply())
    path.with_name(path.name + '.lock').unlink(missing_ok=True)
    path.with_name(path.name + '.lock').mkdir()                           # no lock can be had
    assert get(reply(b'other')) == path and path.read_bytes() == BODY


# Second tries

BROKEN = reply(BODY[:5000], length=len(BODY))
TRIES = [
    Case(name, given, then)
    for name, given, then in [
        ('a broken connection', [BROKEN, reply()], Works(2)),
        ('nothing at all', [b'', reply()], Works(2)),
        ('too many requests', [reply(b'', '429 Too Many Requests'), reply()], Works(2)),
        ('an error of the server, twice', [reply(b'', '503 Service Unavailable')] * 2 + [reply()], Works(3)),
        (
            'three broken connections',
            [BROKEN] * 3 + [reply()],
            Fails(mentions=('the connection broke after 0.0 of 0.0 MB', 'Try again')),
        ),
        (
            'three errors of the server',
            [reply(b'', '503 Service Unavailable')] * 3 + [reply()],
            Fails(mentions='HTTP 503'),
        ),
        ('no such file', [reply(b'', '404 Not Found'), reply()], Fails(mentions='HTTP 404')),
        ('a page', [reply(PAGE), reply()], Fails(mentions='web page')),
        ('another hash', [reply(BODY[:-1]), reply()], Fails(mentions=SHA)),
    ]
]


@table(TRIES)
def test_tries(case, get, server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'RETRIES', 2)
    monkeypatch.setattr(pooch.core.time, 'sleep', lambda seconds: None)
    def asked():
        assert get(*case.given, sha256=SHA).read_bytes() == BODY
        return len(server.asked)
    case.check(asked)
    if isinstance(case.then, Fails):
        assert kept(tmp_path/'cache') == [] and len(server.asked) == (3 if 'three' in case.name else 1)


def test_206_for_ever(get):
    Case('', None, Fails(mentions='HTTP 206')).check(lambda: get(reply(BODY[4000:], '206 Partial Content')))


def test_wrong_hash_leaves_nothing(get, tmp_path):
    Case('', None, Fails(mentions=('deadbeef', SHA))).check(lambda: get(reply(), name='net-deadbeef.pth'))
    Case('', None, Fails(mentions=('00000000', SHA))).check(lambda: get(reply(), sha256='00000000'))
    assert kept(tmp_path/'cache') == []


@pytest.mark.parametrize('damage', [b'', b'damaged', PAGE, BODY[:-1]])
@pytest.mark.parametrize('name, sha256', [(f'net-{SHA[:8]}.pth', None), ('net.pth', SHA)])
def test_cached_file_is_verified(get, server, name, sha256, damage):
    path = get(reply(), name=name, sha256=sha256)
    path.write_bytes(damage)
    assert get(reply(), name=name, sha256=sha256).read_bytes() == BODY and len(server.asked) == 1
    assert get(reply(), name=name, sha256=sha256).read_bytes() == BODY and not server.asked


@pytest.mark.parametrize('damage', [b'', PAGE])
def test_cached_page_is_replaced(get, damage):
    get(reply()).write_bytes(damage)
    assert get(reply()).read_bytes() == BODY


def test_a_damaged_file_stays_until_there_is_a_better_one(get):
    path = get(reply())
    with pytest.raises(ConfigError):
        get(reply(b'', '503 Service Unavailable'), sha256='12345678')
    assert path.read_bytes() == BODY


def test_eight_threads_one_request(server, tmp_path):
    def slow(handler):
        time.sleep(.1)
        handler.wfile.write(reply())
    server.replies, server.asked = [slow], []
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: download(f'{server.home}/many.pth', tmp_path, progress=False), range(8)))
    assert len(set(paths)) == 1 and paths[0].read_bytes() == BODY and len(server.asked) == 1


@pytest.mark.starts_processes
def test_killed(get, server, tmp_path):
    "What a killed process leaves is removed by the next download of the file"
    big, arrived = os.urandom(4_000_000), threading.Event()
    def stall(handler):
        handler.wfile.write(reply(big[:3_000_000], length=len(big)))
        handler.wfile.flush()
        arrived.wait(20)
    server.replies, server.asked, folder = [stall], [], tmp_path/'cache'
    code = 'import sys, clsparts.files.downloads as d; d.download(sys.argv[1], sys.argv[2], progress=False)'
    process = subprocess.Popen([sys.executable, '-c', code, f'{server.home}/net.pth', str(folder)])
    part = folder/f'{cached_at(f"{server.home}/net.pth", folder).name}.part'
    def arrived_so_far():
        return sum(p.stat().st_size for p in part.glob('*'))
    until = time.monotonic() + 20
    while arrived_so_far() < 2_000_000 and time.monotonic() < until:
        time.sleep(.01)
    process.kill(), process.wait()
    arrived.set()
    assert arrived_so_far() >= 2_000_000 and kept(folder) == ['net.pth.part']
    assert get(reply(big)).read_bytes() == big
    assert kept(folder) == ['net.pth']


def test_the_limit_fits_published_weights():
    assert MAX_DOWNLOAD >= 20e9
