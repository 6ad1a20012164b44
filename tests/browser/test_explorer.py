"""The explorer operated by mouse and keyboard, and what the page then shows."""
import json
import re

import pytest
from conftest import EXPLORE

CUSTOM = """
from torch import nn
from clsparts.core.registry import MODELS

@MODELS.register_module(force=True)
class LoudestNeck(nn.Module):
    "The largest activation of each channel (a test of 2026)"
    def forward(self, feats): return tuple(f.amax((2, 3)) for f in feats)

@MODELS.register_module(force=True)
class FaintNeck(nn.Module):
    "Fails on real tensors"
    def forward(self, feats):
        if not feats[-1].is_meta: raise ValueError('this neck <is> worn out')
        return tuple(f.mean((2, 3)) for f in feats)

MODELS.index.modules['clsparts.necks.lost'] = {'LostNeck'}
"""


class Explorer:
    "The explorer on a page: actions and what is visible"
    def __init__(self, nb, root='.clsx'):
        self.nb, self.page, self.at = nb, nb.page, nb.page.locator(root).first

    def find(self, css):
        return self.at.locator(css)
    def text(self, css):
        return self.find(css).first.inner_text()
    def tab(self, name):
        self.find('.clsx-tabs button').filter(has_text=name).click()
    def diagram(self):
        return ' '.join(self.find('.clsx-flow').inner_text().split())

    def shows(self, css, text, timeout=15):
        "Wait until the element contains the text"
        self.find(css).filter(has_text=text).first.wait_for(timeout=1000 * timeout)

    def drawn(self):
        return int(self.find('[data-drawn]').first.get_attribute('data-drawn'))

    def redrawn(self, act):
        "Act, and wait for the next drawing"
        before = self.drawn()
        act()
        for _ in range(400):
            if self.find('[data-drawn]').count() and self.drawn() > before:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError('the diagram was not redrawn')

    def lines(self, kind):
        return [o.replace('\xa0', ' ').strip() for o in self.find(f'.clsx-picker-{kind} option').all_text_contents()]

    def pick(self, kind, name):
        "Open the list of a kind, choose a part, and close the list"
        self.find(f'.clsx-pick-{kind}').click()
        self.find(f'.clsx-picker-{kind} option').filter(has_text=name).first.wait_for(state='attached')
        line = next(o for o in self.lines(kind) if o.split(' · ')[0] == name)
        self.redrawn(lambda: self.find(f'.clsx-picker-{kind} select').select_option(label=line))
        self.find(f'.clsx-pick-{kind}').click()

    def type(self, css, value):
        field = self.find(f'{css} input').first
        field.fill(str(value))
        field.press('Enter')

    def picture(self, name):
        self.nb.picture(name)


def test_pickers(open_notebook):
    nb = open_notebook([CUSTOM, EXPLORE])
    e = Explorer(nb)
    e.find('.clsx-pick-backbone').click()
    e.shows('.clsx-picker-backbone', 'ResNet · 2015 · 11.2 M parameters · Residual network')
    e.find('.clsx-picker-backbone .clsx-search input').fill('sandler')
    e.page.wait_for_function("document.querySelectorAll('.clsx-picker-backbone option').length === 1")
    e.redrawn(lambda: e.find('.clsx-picker-backbone select').select_option(index=0))
    assert 'MobileNetV2' in e.diagram()
    e.picture('pickers')
    e.find('.clsx-pick-backbone').click()
    e.pick('neck', 'none')
    e.shows('.clsx-flow', 'LinearClsHead expects a vector (b, 1280)')
    e.shows('.clsx-issue', 'head')
    e.pick('neck', 'LoudestNeck')
    assert 'LoudestNeck' in e.diagram() and e.find('.clsx-issue').count() == 0
    e.find('.clsx-pick-neck').click()
    e.find('.clsx-picker-neck option').first.wait_for(state='attached')
    assert any('LoudestNeck · 2026 · no weights' in o for o in e.lines('neck'))
    e.find('.clsx-picker-neck select').select_option(label='LostNeck · cannot be used')
    e.shows('.clsx-picker-neck', 'clsparts.necks.lost fails to import')
    assert 'LoudestNeck' in e.diagram()
    e.picture('pickers-broken')


def test_options(open_notebook):
    e = Explorer(open_notebook())
    option = '.clsx-option-backbone-'
    e.redrawn(lambda: e.find(f'{option}depth select').select_option(label='34'))
    assert 'depth=34' in e.diagram()
    e.redrawn(lambda: e.find(f'{option}norm_eval input').check())
    assert 'norm_eval=True' in e.diagram()
    e.redrawn(lambda: e.type(f'{option}base_channels', 8))
    e.redrawn(lambda: e.type(f'{option}norm_cfg', "dict(type='GN', num_groups=4)"))
    assert 'norm_cfg=' in e.diagram()
    handle = e.find(f'{option}drop_path_rate [role=slider]')
    handle.focus()
    e.redrawn(lambda: handle.press('ArrowRight'))
    e.shows('.clsx-flow', 'drop_path_rate=0.05')
    e.type(f'{option}norm_cfg', "dict(type='GN'")
    e.shows(f'{option}norm_cfg', 'cannot be read as a value')
    e.picture('options')
    e.redrawn(lambda: e.find(f'{option}norm_cfg .clsx-reset').click())
    assert 'norm_cfg=' not in e.diagram()
    e.redrawn(lambda: e.type('.clsx-classes', 7))
    assert 'vector 7' in e.diagram()
    e.redrawn(lambda: e.find('.clsx-size select').select_option(label='colour'))
    assert '3 × 8 × 8' in e.diagram()


def test_flow_and_fix(open_notebook):
    e = Explorer(open_notebook())
    e.redrawn(lambda: e.find('.clsx-size select').select_option(label='colour'))
    e.redrawn(lambda: e.type('.clsx-size .widget-inttext:nth-child(2), .clsx-size > :nth-child(2)', 224))
    e.redrawn(lambda: e.type('.clsx-size > :nth-child(3)', 224))
    e.pick('backbone', 'VisionTransformer')
    e.shows('.clsx-flow', 'GlobalAveragePooling(dim=2) expects a 4-D tensor')
    assert e.find('.clsx-flow [data-connection]').count() == 4 and '#d64550' in e.find('.clsx-flow').inner_html()
    e.picture('broken')
    assert e.text('.clsx-fix') == 'Remove the neck' and 'neck=None' in e.find('.clsx-fix').first.get_attribute('title')
    e.redrawn(lambda: e.find('.clsx-fix').click())
    assert (
        e.find('.clsx-issue').count() == 0 and 'GlobalAveragePooling' not in e.diagram() and 'vector 768' in e.diagram()
    )
    e.find("[data-act='part:head']").first.click()
    e.find('.clsx-option-head-topk').wait_for()
    e.find("[data-act='part:backbone']").first.click()
    e.shows('.clsx-layers', re.compile(r'layers\.11.*tokens 197 × 768|197 × 768', re.S))
    assert e.find('.clsx-flow [data-stage] title').first.inner_html().count('multiply-adds')


def test_cost(open_notebook):
    e = Explorer(open_notebook())
    e.tab('Cost')
    e.shows('.clsx-cost', 'Pin keeps a composition here')
    e.find('.clsx-pin').click()
    e.shows('.clsx-cost', 'ResNet_CIFAR ✎')
    e.find("[data-edit^='rename:']").click()
    e.find('input.clsx-rename').fill('mine')
    e.find('input.clsx-rename').press('Enter')
    e.shows('.clsx-cost', 'mine ✎')
    e.pick('backbone', 'MobileNetV2')
    assert e.find('.clsx-cost tr').count() == 3 and '2.2' in e.text('.clsx-row-now')
    e.find('.clsx-latency').click()
    e.shows('.clsx-cost', re.compile(r'\d ms'), 60)
    e.picture('cost')
    e.redrawn(lambda: e.find("[data-act^='go:']").click())
    assert 'ResNet_CIFAR' in e.diagram() and 'MobileNetV2' not in e.diagram()
    e.redrawn(lambda: e.find('.clsx-undo').click())
    assert 'MobileNetV2' in e.diagram()
    e.redrawn(lambda: e.find('.clsx-redo').click())
    assert 'ResNet_CIFAR' in e.diagram()
    e.redrawn(lambda: e.find("[data-act^='unpin:']").click())
    assert e.find('.clsx-cost tr').count() == 2


def test_feature_maps(open_notebook):
    e = Explorer(open_notebook())
    e.tab('Feature maps')
    e.find('.clsx-cam img').wait_for()
    assert 'come with the package' in e.text('.clsx-features-status') and e.find('.clsx-top5 tr').count() == 5
    assert e.find('.clsx-stage select').evaluate('o => o.selectedOptions[0].textContent') == 'backbone.layer2'
    first = e.find('.clsx-maps img').get_attribute('src')
    e.find('.clsx-stage select').select_option(label='backbone.layer1')
    e.page.wait_for_function("was => document.querySelector('.clsx-maps img')?.src !== was", arg=first)
    second = e.find('.clsx-maps img').get_attribute('src')
    e.type('.clsx-sample', 7)
    e.page.wait_for_function("was => document.querySelector('.clsx-maps img')?.src !== was", arg=second)
    picture = e.nb.pictures/'upload.png'
    from PIL import Image
    Image.new('RGB', (40, 30), (200, 30, 30)).save(picture)
    with e.page.expect_file_chooser() as chooser:
        e.find('.clsx-upload').click()
    chooser.value.set_files(str(picture))
    e.shows('.clsx-features-status', 'converted to greyscale and resized and cropped to 8 × 8')
    e.picture('feature-maps')


def test_training(open_notebook):
    nb = open_notebook([CUSTOM, EXPLORE, 'explorer.runs'])
    e = Explorer(nb)
    e.pick('neck', 'LoudestNeck')
    e.tab('Train')
    e.type('.clsx-epochs', 300)
    e.find('.clsx-start').click()
    e.shows('.clsx-progress-text', re.compile(r'epoch [2-9] of 300 · .* left'), 60)
    e.find('.clsx-pause').click()
    e.shows('.clsx-progress-text', 'paused')
    e.page.wait_for_timeout(1200)
    held = e.text('.clsx-progress-text')
    e.page.wait_for_timeout(700)
    assert e.text('.clsx-progress-text') == held
    e.find('.clsx-pause').click()                                       # now: Resume
    e.pick('backbone', 'MobileNetV2')                                    # everything else is usable meanwhile
    e.redrawn(lambda: e.find('.clsx-undo').click())
    e.find('.clsx-curves img').wait_for()
    e.find('.clsx-stop').click()
    e.shows('.clsx-runs', 'stopped', 15)
    e.find('.clsx-confusion img').wait_for()
    e.picture('training')
    assert 'LoudestNeck' in e.diagram()
    e.type('.clsx-epochs', 1)
    e.find('.clsx-start').click()
    e.shows('.clsx-runs', 'done', 60)
    assert e.find('.clsx-runs tr').count() == 3
    nb.cell(2, """print([(r.status, r.folder.name) for r in explorer.runs])
print(explorer.classifier is explorer.runs[-1].classifier)""")
    assert "[('stopped', 'digits-" in nb.output(2) and 'True' in nb.output(2)


PHOTOS = """
from pathlib import Path
from PIL import Image
for kind, colour in (('cat', 'orange'), ('dog', 'brown')):
    Path('photos', kind).mkdir(parents=True, exist_ok=True)
    for i in range(5):
        Image.new('RGB', (40, 30), colour).save(f'photos/{kind}/{i}.png')
"""


def test_runs_are_kept(open_notebook):
    e = Explorer(open_notebook())
    e.tab('Train')
    e.type('.clsx-epochs', 1)
    for runs in (1, 2):
        e.find('.clsx-start').click()
        e.page.wait_for_function(
            "n => [...document.querySelectorAll('.clsx-runs td')].filter(o => o.textContent === 'done').length === n",
            arg=runs, timeout=60_000)
        if runs == 1:
            e.pick('neck', 'GeneralizedMeanPooling')
    names = [o.split('✎')[0].strip() for o in e.find('.clsx-runs td:first-child').all_text_contents()]
    assert names == ['GAP', 'GeM']
    assert 'neck' in e.text('.clsx-runs tr')
    e.redrawn(lambda: e.find('.clsx-runs a').first.click())
    assert 'GlobalAveragePooling' in e.diagram()
    e.find('.clsx-runs [data-edit]').first.click()
    e.find('input.clsx-rename').fill('my first')
    e.find('input.clsx-rename').press('Enter')
    e.shows('.clsx-runs', 'my first')
    e.picture('runs')
    e.nb.restart()
    e.page.wait_for_selector('.clsx [data-drawn]')
    e.tab('Train')
    e.shows('.clsx-runs', 'my first')
    assert e.find('.clsx-runs td').filter(has_text='saved').count() == 2
    e.find('.clsx-runs a').nth(1).click()
    e.shows('.clsx-wide', 'MeanPooling', 30)
    e.tab('Feature maps')
    e.shows('.clsx-features-status', 'Trained weights of the run', 30)


def test_folder(open_notebook):
    e = Explorer(open_notebook([PHOTOS, EXPLORE]))
    e.tab('Train')
    e.find('.clsx-data select').select_option(label='a folder of images …')
    e.shows('.clsx-folder-found', 'Enter the path of a folder')
    e.find('.clsx-start').click()
    e.shows('.clsx-train .clsx-issue', 'Enter the path of a folder')
    e.find('.clsx-folder input').fill('phot')
    e.page.wait_for_function("[...document.querySelectorAll('.clsx-folder option')].some(o => o.value === 'photos')")
    e.page.wait_for_function("!document.querySelector('.clsx-train .clsx-issue')")
    e.find('.clsx-folder input').fill('photos')
    e.shows('.clsx-folder-found', 'cat 5, dog 5', 30)
    e.find('.clsx-folder-found img').wait_for()
    e.picture('folder')
    e.redrawn(lambda: e.find('.clsx-match').click())
    assert 'vector 2' in e.diagram()


def test_read(open_notebook):
    e = Explorer(open_notebook())
    reader = e.find('.clsx-options .clsx-reader')
    reader.locator('button').filter(has_text='Read the code').click()
    reader.locator('pre').filter(has_text='class BasicBlock').wait_for()
    assert reader.locator('pre .clsx-py-k').count() > 10
    links = reader.locator('.clsx-links a').evaluate_all('found => found.map(o => [o.textContent, o.href, o.target])')
    assert [text for text, _, _ in links] == ['Notebook', 'Source', 'Paper']
    assert all(url.startswith('https://') and target == '_blank' for _, url, target in links)
    e.picture('read')


def test_error_while_training(open_notebook):
    e = Explorer(open_notebook([CUSTOM, EXPLORE]))
    e.pick('neck', 'FaintNeck')
    e.tab('Train')
    e.find('.clsx-start').click()
    e.shows('.clsx-train-status', 'this neck <is> worn out', 30)
    assert e.find('.clsx-train-status details:not([open])').count() == 1
    e.picture('training-failed')
    e.pick('neck', 'GlobalAveragePooling')
    e.type('.clsx-epochs', 1)
    e.find('.clsx-start').click()
    e.shows('.clsx-runs', 'done', 60)


def test_export(open_notebook):
    nb = open_notebook([EXPLORE, 'explorer.config'])
    e = Explorer(nb)
    e.pick('neck', 'GeneralizedMeanPooling')
    e.tab('Export')
    e.shows('.clsx-code pre', "neck='GeneralizedMeanPooling'")
    nb.page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    e.find('.clsx-copy').click()
    e.shows('.clsx-copy', 'Copied')
    assert nb.page.evaluate('navigator.clipboard.readText()') == e.find('.clsx-copy').get_attribute('data-copy')
    e.find('.clsx-form button').filter(has_text='JSON').click()
    e.shows('.clsx-config', '"type": "GeneralizedMeanPooling"')
    e.type('.clsx-save-path', 'mine.json')
    e.find('.clsx-save').click()
    e.shows('.clsx-save-status', 'saved as mine.json')
    e.find('.clsx-save').click()
    e.shows('.clsx-save-status', 'already exists')
    e.picture('export')
    assert json.loads((nb.server.root/'mine.json').read_text())['model']['neck'] == {'type': 'GeneralizedMeanPooling'}
    said = nb.cell(1, "print(explorer.config['model']['neck'], type(explorer.classifier.neck).__name__, explorer.runs)")
    assert "'GeneralizedMeanPooling'} GeneralizedMeanPooling []" in said
    nb.cell(0)                                                          # the cell is run again: its state is there
    e.find('[data-drawn]').wait_for()
    assert 'neck: GeneralizedMeanPooling' in e.find('.clsx-flow').inner_html()
    nb.cell(0, "from clsparts.explorer.explorer import explore\nexplorer = explore('mine.json')\nexplorer")
    e.find('[data-drawn]').wait_for()
    assert 'neck: GeneralizedMeanPooling' in e.find('.clsx-flow').inner_html() and e.find('.clsx-undo').is_disabled()


def test_keyboard(open_notebook):
    e = Explorer(open_notebook())
    keys = e.page.keyboard
    e.find('.clsx-pick-backbone').focus()
    keys.press('Enter')
    e.find('.clsx-picker-backbone .clsx-search input').wait_for()
    e.page.wait_for_function("document.activeElement.closest('.clsx-search') !== null")
    keys.type('resnetv1d')
    e.page.wait_for_function("document.querySelectorAll('.clsx-picker-backbone option').length === 1")
    e.redrawn(lambda: keys.press('Enter'))
    assert 'ResNetV1d' in e.diagram()
    for key in ('Control+A', 'Delete', 'Tab'):
        keys.press(key)
    e.page.wait_for_function("document.querySelectorAll('.clsx-picker-backbone option').length > 1")
    e.redrawn(lambda: keys.press('ArrowUp'))
    assert 'ResNetV1c' in e.diagram()
    e.redrawn(lambda: e.find('.clsx-undo').click())
    assert 'ResNetV1d' in e.diagram()
    e.find('.clsx-picker-backbone select').focus()
    keys.press('Escape')
    e.find('.clsx-picker-backbone').wait_for(state='hidden')
    assert e.page.evaluate("document.activeElement.closest('.clsx-pick-backbone') !== null")
    e.find('.clsx-tabs [aria-selected=true]').focus()
    keys.press('ArrowRight')
    e.find('.clsx-tabs [aria-selected=true]').filter(has_text='Cost').wait_for()
    keys.press('End')
    e.find('.clsx-tabs [aria-selected=true]').filter(has_text='Export').wait_for()
    assert e.page.evaluate("document.activeElement.textContent") == 'Export'
    assert e.find('.clsx-panel[role=tabpanel]').count() == 5
    e.find("[data-act='part:head']").first.focus()
    keys.press('Enter')
    e.find('.clsx-option-head-topk').wait_for()
    e.find('.clsx-undo').focus()
    e.redrawn(lambda: keys.press('Space'))
    assert 'ResNet_CIFAR' in e.diagram()


NAMELESS = """() => {
    const labelled = o => o.id && document.querySelector(`label[for="${o.id}"]`)
    const named = o => o.getAttribute('aria-label') || o.textContent.trim() || o.title || o.labels?.length
        || o.closest('[title]')?.title || labelled(o)
        || o.closest('.widget-slider')?.querySelector('label')?.textContent
    const controls = ['button', 'input', 'select', '[role=button]', '[role=slider]'].map(s => `.clsx ${s}`).join(', ')
    return [...document.querySelectorAll(controls)]
        .filter(o => o.offsetParent !== null || o.tagName === 'g')
        .filter(o => !named(o))
        .map(o => o.outerHTML.slice(0, 200))
}"""

CONTRAST = """() => {
    const rgb = s => (s.match(/[\\d.]+/g) || []).map(Number)
    const over = (a, b) => {
        const k = a.length > 3 ? a[3] : 1
        return [0, 1, 2].map(i => a[i] * k + b[i] * (1 - k))
    }
    const linear = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4
    const lum = c => {
        const [r, g, b] = c.map(linear)
        return .2126 * r + .7152 * g + .0722 * b
    }
    const ground = o => {
        const stack = []
        for (let p = o; p; p = p.parentElement) stack.push(rgb(getComputedStyle(p).backgroundColor))
        return stack.reverse().reduce((b, c) => over(c, b), [255, 255, 255])
    }
    const found = []
    for (const o of document.querySelectorAll('.clsx *')) {
        if (o.closest('svg') || o.closest('style') || o.offsetParent === null) continue
        if (o.disabled || o.closest('[disabled]')) continue
        if (![...o.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue
        let opacity = 1
        for (let p = o; p && !p.matches('.clsx'); p = p.parentElement) opacity *= getComputedStyle(p).opacity
        const back = ground(o)
        const ink = rgb(getComputedStyle(o).color)
        const front = over([...ink.slice(0, 3), (ink[3] ?? 1) * opacity], back)
        const [a, b] = [lum(front), lum(back)].sort((x, y) => y - x)
        const ratio = (a + .05) / (b + .05)
        if (ratio < 4.5) found.push([ratio.toFixed(2), o.textContent.trim().slice(0, 40), o.className])
    }
    return found
}"""


@pytest.mark.parametrize('theme', ['light', 'dark'])
def test_looks(open_notebook, theme):
    nb = open_notebook([EXPLORE, 'explorer.theme.dark'])
    e = Explorer(nb)
    nb.theme(theme)
    nb.page.wait_for_timeout(1500)
    assert str(theme == 'dark') in nb.cell(1)
    for width in (1400, 700):
        nb.width(width)
        for name in ('Options', 'Cost', 'Feature maps', 'Train', 'Export'):
            e.tab(name)
            e.page.wait_for_timeout(700)
            e.picture(f'{theme}-{width}-{name.lower().replace(" ", "-")}')
            assert e.page.evaluate(NAMELESS) == []
            assert e.page.evaluate(CONTRAST) == []
            assert e.page.evaluate("(o => o.scrollWidth - o.clientWidth)(document.querySelector('.clsx'))") <= 1
    e.pick('neck', 'none')
    e.shows('.clsx-issue', 'head')
    assert e.page.evaluate(CONTRAST) == []
    e.picture(f'{theme}-broken')


def test_narrow(open_notebook):
    e = Explorer(open_notebook(width=1400))
    assert e.find('.clsx-wide').is_visible() and not e.find('.clsx-narrow').is_visible()
    e.nb.width(700)
    assert e.find('.clsx-narrow').is_visible() and not e.find('.clsx-wide').is_visible()
    e.find('.clsx-card').filter(has_text='head').click()
    e.find('.clsx-option-head-topk').wait_for()
    e.pick('neck', 'none')
    e.shows('.clsx-narrow', 'LinearClsHead expects a vector')
    e.picture('narrow')


def test_restart_and_two_explorers(open_notebook):
    nb = open_notebook([EXPLORE, EXPLORE.replace('\nexplorer', '\nother')])
    nb.page.wait_for_function("document.querySelectorAll('.clsx [data-drawn]').length === 2")
    one, other = Explorer(nb), Explorer(nb)
    other.at = nb.page.locator('.clsx').nth(1)
    other.pick('backbone', 'MobileNetV2')
    assert 'MobileNetV2' in other.diagram() and 'MobileNetV2' not in one.diagram()
    nb.restart()
    nb.page.wait_for_function("document.querySelectorAll('.clsx [data-drawn]').length === 2")
    assert 'ResNet_CIFAR' in one.diagram() and 'ResNet_CIFAR' in other.diagram()
    one.redrawn(lambda: one.find('.clsx-option-backbone-depth select').select_option(label='34'))
    assert 'depth=34' in one.diagram() and 'depth=34' not in other.diagram()
