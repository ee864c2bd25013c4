// Mounts the desk: tokens and looks first, then the page. Nothing else happens at start.

import { createApp } from 'vue';
import '../theme/tokens.css';
import '../theme/base.css';
import '../theme/kit.css';
import './theme/element.css';
import './theme/desk.css';
import './theme/coverage.css';
import './theme/morning.css';
import './theme/held.css';
import App from './App.vue';
import { followLanguage } from './words';

followLanguage();
createApp(App).mount('#app');
