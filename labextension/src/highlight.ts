/** Colours, indentation and comments of `%%spin` cells by the language that their first line names. */
import { LanguageSupport } from '@codemirror/language';
import { EditorView, PluginValue, ViewPlugin, ViewUpdate } from '@codemirror/view';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { EditorExtensionRegistry, IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import { isCodeCell } from './cells';
import { cellLanguage } from './grammar';
import { Inner, languageOf } from './languages';
import { follow } from './settings';
import { zig } from './zig';

const ID = 'spinlab:highlight';
const MIME = 'text/x-spin-';
const PYTHON = 'text/x-ipython';

/** The mixed languages, registered with Lab when a cell first needs one, and whether they are wanted at all. */
class Mixed {
  readonly changed = new Signal<this, void>(this);
  private _enabled = false;

  constructor(private readonly _registry: IEditorLanguageRegistry) {}

  get enabled(): boolean {
    return this._enabled;
  }

  set enabled(on: boolean) {
    if (on !== this._enabled) {
      this._enabled = on;
      this.changed.emit();
    }
  }

  /** The MIME type for a cell with this text; null for the one that the notebook gives it. */
  mimeOf(text: string): string | null {
    const inner = this._enabled ? languageOf(text) : null;
    return inner && this._register(inner);
  }

  /** Wait until Lab has the language of a MIME type. */
  async ready(mime: string): Promise<void> {
    await this._registry.getLanguage(mime);
  }

  private _register(inner: Inner): string {
    const mime = MIME + inner.toLowerCase().replaceAll('+', 'p');
    if (!this._registry.findByName(mime)) {
      const load = async () => cellLanguage(mime, await this._load(inner));
      this._registry.addLanguage({ name: mime, displayName: `%%spin: ${inner}`, mime, load });
    }
    return mime;
  }

  private async _load(inner: Inner): Promise<LanguageSupport> {
    const name = inner === 'Python' ? 'ipython' : inner;
    // What is not known by its name is answered with plain text by `getLanguage`.
    const found = this._registry.findByName(name) && (await this._registry.getLanguage(name));
    return found?.support ?? zig;
  }
}

// A cell's model outlives its editors (a long notebook makes them anew as it scrolls), and what the notebook gave it
// is not to be forgotten.
const hosts = new WeakMap<CodeEditor.IModel, string>();

/**
 * Keeps the MIME type of one cell what its first line says.
 *
 * Lab loads the language of a MIME type without regard to order: the Python that a starting kernel gives to every cell
 * may be there later than what was set after it, and would stay. So both are waited for before a cell changes, and a
 * cell that is given another type is looked at again.
 */
class Follower implements PluginValue {
  private _gone = false;

  constructor(
    private readonly _view: EditorView,
    private readonly _model: CodeEditor.IModel,
    private readonly _mixed: Mixed
  ) {
    _model.mimeTypeChanged.connect(this._later, this);
    _mixed.changed.connect(this._later, this);
    this._later();
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this._later();
    }
  }

  destroy(): void {
    this._gone = true;
    Signal.clearData(this);
  }

  private _later(): void {
    void Promise.resolve()
      .then(() => this._sync())
      .catch(reason => console.error(`${ID}: the language of a cell could not be loaded.`, reason));
  }

  private _target(): string {
    if (!this._model.mimeType.startsWith(MIME)) {
      hosts.set(this._model, this._model.mimeType);
    }
    const text = this._view.state.sliceDoc(0, Math.min(this._view.state.doc.length, 10_000));
    return this._mixed.mimeOf(text) ?? hosts.get(this._model) ?? PYTHON;
  }

  private async _sync(): Promise<void> {
    if (this._gone) {
      return;
    }
    const target = this._target();
    const now = this._model.mimeType;
    if (now === target) {
      return;
    }
    await this._mixed.ready(now);
    await this._mixed.ready(target);
    if (!this._gone && this._model.mimeType === now && this._target() === target) {
      this._model.mimeType = target;
    }
  }
}

export const highlight: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Colours, indentation and comments of %%spin cells.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  optional: [ISettingRegistry],
  activate: (
    _: JupyterFrontEnd,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry,
    settings: ISettingRegistry | null
  ) => {
    const mixed = new Mixed(languages);
    extensions.addExtension({
      name: ID,
      factory: ({ model }) =>
        isCodeCell(model)
          ? EditorExtensionRegistry.createImmutableExtension(
              ViewPlugin.define(view => new Follower(view, model, mixed))
            )
          : null
    });
    void follow(settings, ID, on => {
      mixed.enabled = on;
    });
  }
};
